package dev.varve.bench.system;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Connected clients, numbered from 0. Each number is one thread's; all throw {@link IOException}
 * when a call fails or is not answered within 30 seconds, and then nothing is known of a write.
 */
public interface Clients extends AutoCloseable {

  /** Sets a key; durable as {@link SystemKind#configuration} says on return. */
  void put(int client, byte[] key, byte[] value) throws IOException;

  /** The key's value as of now, by whatever the system offers as its strongest read. */
  byte @Nullable [] get(int client, byte[] key) throws IOException;

  /** Begins to write without waiting for each answer; null where the system has no such way. */
  @Nullable PutStream stream(int client) throws IOException;

  @Override
  void close();

  /** Puts of one client, of which up to {@link #WINDOW} are unanswered. For one thread. */
  interface PutStream extends AutoCloseable {
    /** How many puts a client leaves unanswered. */
    int WINDOW = 16;

    /**
     * Hands a put over, first waiting for room.
     *
     * @param acknowledged run when it is as durable as a single put, by any thread
     * @throws IOException when this or an earlier one failed
     */
    void put(byte[] key, byte[] value, Runnable acknowledged) throws IOException;

    /** Waits until all are acknowledged, and ends the stream. */
    @Override
    void close() throws IOException;
  }
}
