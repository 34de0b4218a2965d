package dev.varve.client;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What to watch.
 *
 * @param keyspace empty: main
 * @param prefix only keys that begin so; empty: all
 * @param after by shard, the last sequence that was seen: what follows it is told. A shard that is
 *     not there: from the first change that is kept
 * @param outageLimit how long the watch looks for a shard's primary, at its start or when it lost
 *     one, before it fails; null: until it is closed
 */
public record WatchOptions(
    String keyspace, ByteString prefix, Map<Integer, Long> after, @Nullable Duration outageLimit) {
  /** All of keyspace main, from the first change that is kept, until closed. */
  public static final WatchOptions ALL = new WatchOptions("", ByteString.EMPTY, Map.of(), null);

  /** Refuses negative shards and sequences, and a limit that is not positive. */
  public WatchOptions {
    after = Map.copyOf(after);
    after.forEach(
        (shard, sequence) -> {
          if (shard < 0 || sequence < 0) {
            throw new IllegalArgumentException(
                "shard " + shard + " after sequence " + sequence + ": neither may be negative");
          }
        });
    if (outageLimit != null && !outageLimit.isPositive()) {
      throw new IllegalArgumentException("the limit of an outage must be positive");
    }
  }

  /** The same in another keyspace. */
  public WatchOptions in(String name) {
    return new WatchOptions(name, prefix, after, outageLimit);
  }

  /** The same for keys that begin so. */
  public WatchOptions startingWith(ByteString bytes) {
    return new WatchOptions(keyspace, bytes, after, outageLimit);
  }

  /** The same with another place to begin in one shard; 0: the first change that is kept. */
  public WatchOptions after(int shard, long sequence) {
    Map<Integer, Long> next = new HashMap<>(after);
    next.put(shard, sequence);
    return new WatchOptions(keyspace, prefix, next, outageLimit);
  }

  /** The same with another limit for an outage, or without one when null. */
  public WatchOptions withOutageLimit(@Nullable Duration limit) {
    return new WatchOptions(keyspace, prefix, after, limit);
  }
}
