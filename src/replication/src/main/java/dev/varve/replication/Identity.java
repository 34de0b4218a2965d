package dev.varve.replication;

import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whose directory this is, in its file {@code _r-member}.
 *
 * @param member the name and the id, made when the directory was empty or found damaged
 * @param founders who started the shard together; the membership as long as the log records none.
 *     Empty: not known
 * @param hasLog whether anything was ever acknowledged from this directory under this id: an empty
 *     store then means that files were lost
 * @param imageNeeded whether the files here cannot be trusted to be a part of the shard's log,
 *     until an image replaced them
 */
record Identity(
    MemberId member,
    String cluster,
    int shard,
    List<MemberId> founders,
    boolean hasLog,
    boolean imageNeeded) {
  private static final String PATH = "_r-member";

  Identity {
    founders = List.copyOf(founders);
  }

  /** Reads the file; null if there is none. */
  static @Nullable Identity load(Storage storage) throws IOException {
    Map<String, String> values = DurableRecord.read(storage, PATH);
    if (values == null) {
      return null;
    }
    try {
      String founders = values.getOrDefault("founders", "");
      return new Identity(
          MemberId.parse(values.getOrDefault("member", "")),
          values.getOrDefault("cluster", ""),
          Integer.parseInt(values.getOrDefault("shard", "")),
          founders.isEmpty()
              ? List.of()
              : MemberId.parseAll(Arrays.asList(founders.split(",", -1))),
          Boolean.parseBoolean(values.getOrDefault("hasLog", "")),
          Boolean.parseBoolean(values.getOrDefault("imageNeeded", "")));
    } catch (IllegalArgumentException e) {
      throw new DurableRecord.DamagedException(PATH);
    }
  }

  /** A new identity for an empty or damaged directory; not yet stored. */
  static Identity create(MemberOptions options, RandomGenerator random, boolean imageNeeded) {
    return new Identity(
        MemberId.random(options.name(), random),
        options.cluster(),
        options.shard(),
        List.of(),
        false,
        imageNeeded);
  }

  Identity foundedBy(List<MemberId> all) {
    return new Identity(member, cluster, shard, all, hasLog, imageNeeded);
  }

  Identity withLog() {
    return new Identity(member, cluster, shard, founders, true, imageNeeded);
  }

  /** An image replaced what was in the directory. */
  Identity withImage() {
    return new Identity(member, cluster, shard, founders, true, false);
  }

  /** Durable on return. */
  void store(Storage storage) throws IOException {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("member", member.toString());
    values.put("cluster", cluster);
    values.put("shard", Integer.toString(shard));
    values.put(
        "founders", founders.stream().map(MemberId::toString).collect(Collectors.joining(",")));
    values.put("hasLog", Boolean.toString(hasLog));
    values.put("imageNeeded", Boolean.toString(imageNeeded));
    DurableRecord.write(storage, PATH, values);
  }
}
