package dev.varve.replication;

import dev.varve.store.StoreRuntime;
import dev.varve.store.WallClock;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The threads, clocks and randomness a member runs on.
 *
 * @param scheduler runs all of its replication
 * @param blocking for what may take long: opening a store, reading and writing files of images. Any
 *     number of threads
 * @param store makes the runtime of the store each time it is opened; it is closed after the store
 * @param clock the time of day, for the Lease
 * @param random member ids and election delays
 */
public record MemberRuntime(
    Scheduler scheduler,
    Executor blocking,
    Supplier<StoreRuntime> store,
    WallClock clock,
    RandomGenerator random) {}
