package dev.varve.replication;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A member of a shard: its name, which survives a lost disk, and the id of its directory, which
 * does not. Quorums are counted over ids, so that a member whose directory was lost never counts
 * for what it can no longer remember.
 *
 * @param name as configured, without '='
 * @param id 32 lower-case hexadecimal digits
 */
public record MemberId(String name, String id) {

  public MemberId {
    if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf(',') >= 0) {
      throw new IllegalArgumentException("bad member name: '" + name + "'");
    }
    if (id.isEmpty()) {
      throw new IllegalArgumentException("member " + name + " without an id");
    }
  }

  /** A new id of 128 random bits. */
  public static MemberId random(String name, RandomGenerator random) {
    return new MemberId(name, "%016x%016x".formatted(random.nextLong(), random.nextLong()));
  }

  /** Reads {@code name=id}, the form in which memberships are recorded. */
  public static MemberId parse(String text) {
    int equals = text.indexOf('=');
    if (equals < 0) {
      throw new IllegalArgumentException("not name=id: '" + text + "'");
    }
    return new MemberId(text.substring(0, equals), text.substring(equals + 1));
  }

  static List<MemberId> parseAll(List<String> texts) {
    return texts.stream().map(MemberId::parse).toList();
  }

  /** {@code name=id}. */
  @Override
  public String toString() {
    return name + "=" + id;
  }
}
