package dev.varve.node.settings;

import dev.varve.node.settings.NodeSettings.Follower;
import dev.varve.node.settings.NodeSettings.KubernetesLease;
import dev.varve.node.settings.NodeSettings.LeaseFile;
import dev.varve.node.settings.NodeSettings.LeasePlace;
import dev.varve.node.settings.NodeSettings.Mode;
import dev.varve.node.settings.NodeSettings.Replicated;
import dev.varve.node.settings.NodeSettings.Standalone;
import dev.varve.store.KeyspaceOptions;
import dev.varve.store.StoreOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.storage.MemoryStorage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@link NodeSettings}. A setting {@code COMPACTION_INTERVAL} may come from the environment
 * under that name, or from application.properties as {@code COMPACTION_INTERVAL} or {@code
 * compaction.interval}.
 */
public final class SettingsReader {
  private final Function<String, Optional<String>> source;

  /**
   * @param source the raw value of a property, if it is set
   */
  public SettingsReader(Function<String, Optional<String>> source) {
    this.source = source;
  }

  /**
   * Reads and checks everything.
   *
   * @throws SettingsException naming the first setting that is missing or wrong
   */
  public NodeSettings read() {
    String member = text("VARVE_MEMBER").orElse("varve");
    Mode mode = mode(member);
    int shards = number("VARVE_SHARDS", 1, 1, 65_536);
    return new NodeSettings(
        member,
        text("VARVE_CLUSTER").orElse("varve"),
        number("VARVE_SHARD", 0, 0, shards - 1),
        shards,
        mode,
        Path.of(required("VARVE_DATA_DIR", "the directory of the member's files")),
        keyspaces(),
        text("VARVE_HOST").orElse("0.0.0.0"),
        number("VARVE_PORT", 9090, 0, 65_535),
        text("VARVE_ADVERTISE").map(text -> address("VARVE_ADVERTISE", text)).orElse(null),
        flag("VARVE_MANAGED", false),
        compaction(),
        seconds("CHECKPOINT_INTERVAL", 300),
        seconds("RETENTION_INTERVAL", 60),
        layout(mode),
        size("VARVE_MEMORY_MAX", "1GB", MemoryStorage.CAPACITY_BYTES_MIN, Long.MAX_VALUE),
        size("CAPACITY", "0", 0, Long.MAX_VALUE),
        sizeOrAuto("BALLAST", StoreOptions.BALLAST_AUTOMATIC),
        number("OPEN_FILES_MAX", StoreOptions.OPEN_FILES_MAX_DEFAULT, 1, Integer.MAX_VALUE),
        number("SEGMENTS_MAX", StoreOptions.SEGMENTS_MAX, 1, StoreOptions.SEGMENTS_MAX),
        sizeOrAuto("READ_CACHE", StoreOptions.READ_CACHE_AUTOMATIC),
        TlsSettings.read(this::text, seconds(TlsSettings.RELOAD_INTERVAL, 10)));
  }

  private @Nullable Layout layout(Mode mode) {
    Optional<String> text = text("VARVE_LAYOUT");
    if (text.isEmpty()) {
      return mode instanceof Standalone ? null : Layout.SEGMENTED;
    }
    Layout layout =
        switch (text.get()) {
          case "segmented" -> Layout.SEGMENTED;
          case "single-file" -> Layout.SINGLE_FILE;
          case "memory" -> Layout.MEMORY;
          default ->
              throw new SettingsException(
                  "VARVE_LAYOUT is segmented, single-file or memory, not " + text.get());
        };
    if (layout != Layout.SEGMENTED && !(mode instanceof Standalone)) {
      throw new SettingsException(
          "VARVE_LAYOUT="
              + text.get()
              + " is for a node that stands alone: the members of a shard, and whoever follows one,"
              + " have the same segments on their disks");
    }
    return layout;
  }

  private Mode mode(String member) {
    Optional<String> peers = text("VARVE_PEERS");
    Optional<String> replicaOf = text("VARVE_REPLICA_OF");
    boolean standalone =
        switch (text("VARVE_MODE").orElse("")) {
          case "standalone" -> true;
          case "" -> false;
          default -> throw new SettingsException("VARVE_MODE may only be standalone");
        };
    if (peers.isPresent() == (standalone || replicaOf.isPresent())) {
      throw new SettingsException(
          "either VARVE_PEERS (a member of a replicated shard), or VARVE_MODE=standalone (alone) or"
              + " VARVE_REPLICA_OF (follows a primary without a vote) must be set");
    }
    if (replicaOf.isPresent()) {
      return new Follower(address("VARVE_REPLICA_OF", replicaOf.get()));
    }
    if (standalone) {
      return new Standalone();
    }
    Map<String, String> addresses = peers(peers.orElseThrow());
    if (!addresses.containsKey(member)) {
      throw new SettingsException("VARVE_PEERS does not name this member, " + member);
    }
    return new Replicated(addresses, leasePlace());
  }

  private static Map<String, String> peers(String text) {
    Map<String, String> addresses = new LinkedHashMap<>();
    for (String peer : list(text)) {
      int equals = peer.indexOf('=');
      if (equals <= 0) {
        throw new SettingsException("VARVE_PEERS: '" + peer + "' is not NAME=HOST:PORT");
      }
      String name = peer.substring(0, equals);
      String address = address("VARVE_PEERS", peer.substring(equals + 1));
      if (addresses.put(name, address) != null) {
        throw new SettingsException("VARVE_PEERS names " + name + " twice");
      }
    }
    return addresses;
  }

  private LeasePlace leasePlace() {
    Optional<String> file = text("VARVE_LEASE_FILE");
    Optional<String> lease = text("VARVE_LEASE");
    if (file.isPresent() == lease.isPresent()) {
      throw new SettingsException(
          "with VARVE_PEERS exactly one of VARVE_LEASE (a Kubernetes Lease) and VARVE_LEASE_FILE"
              + " must be set");
    }
    if (file.isPresent()) {
      return new LeaseFile(Path.of(file.get()), list(text("VARVE_BOOTSTRAP").orElse("")));
    }
    return new KubernetesLease(
        required("VARVE_NAMESPACE", "the Lease's namespace"), lease.orElseThrow());
  }

  private List<KeyspaceOptions> keyspaces() {
    long segmentBytes = size("SEGMENT_SIZE", "64MB", 4096, KeyspaceOptions.SEGMENT_BYTES_MAX);
    long objectBytes =
        size("OBJECT_STORE_SEGMENT_SIZE", "256MB", 4096, KeyspaceOptions.SEGMENT_BYTES_MAX);
    Map<String, KeyspaceOptions> keyspaces = new LinkedHashMap<>();
    for (String entry : list(text("VARVE_KEYSPACES").orElse("main,objects"))) {
      String[] parts = entry.split(":", -1);
      KeyspaceType type = KeyspaceType.KEY_VALUE;
      long bytes = parts[0].equals("objects") ? objectBytes : segmentBytes;
      for (int i = 1; i < parts.length; i++) {
        if (parts[i].equalsIgnoreCase("stream")) {
          type = KeyspaceType.STREAM;
        } else {
          try {
            bytes = ByteSizes.parse(parts[i]);
          } catch (IllegalArgumentException e) {
            throw new SettingsException("VARVE_KEYSPACES: " + entry + ": " + e.getMessage());
          }
        }
      }
      KeyspaceOptions options;
      try {
        options = new KeyspaceOptions(parts[0], type, bytes);
      } catch (IllegalArgumentException e) {
        throw new SettingsException("VARVE_KEYSPACES: " + entry + ": " + e.getMessage());
      }
      if (keyspaces.put(parts[0], options) != null) {
        throw new SettingsException("VARVE_KEYSPACES names " + parts[0] + " twice");
      }
    }
    if (keyspaces.isEmpty()) {
      throw new SettingsException("VARVE_KEYSPACES names no keyspace");
    }
    return new RetentionSettings(this::text).limited(keyspaces);
  }

  private CompactionSettings compaction() {
    return new CompactionSettings(
        flag("COMPACTION_ENABLED", true),
        seconds("COMPACTION_INTERVAL", 3600),
        ratio("COMPACTION_THRESHOLD", 0.3),
        size("COMPACTION_MIN_FILE_SIZE", "10MB", 0, Long.MAX_VALUE),
        type(),
        limit("COMPACTION_MAX_SEGMENTS"),
        limit("OBJECT_STORE_COMPACTION_MAX_SEGMENTS"),
        flag("COMPACTION_FORCE_DELETE", false));
  }

  private long sizeOrAuto(String name, long automatic) {
    return text(name).orElse("auto").equalsIgnoreCase("auto")
        ? automatic
        : size(name, "0", 0, Long.MAX_VALUE);
  }

  private Strategy type() {
    String text = text("COMPACTION_TYPE").orElse("Rewrite");
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "rewrite" -> Strategy.REWRITE;
      case "lookup" -> Strategy.LOOKUP;
      case "scan" -> Strategy.SCAN;
      case "shift" -> Strategy.SHIFT;
      case "none" -> Strategy.NONE;
      default ->
          throw new SettingsException(
              "COMPACTION_TYPE is Rewrite, Lookup, Scan, Shift or None, not " + text);
    };
  }

  private Optional<String> text(String name) {
    return source
        .apply(name)
        .or(() -> source.apply(name.toLowerCase(Locale.ROOT).replace('_', '.')))
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  private String required(String name, String what) {
    return text(name).orElseThrow(() -> new SettingsException(name + " is not set: " + what));
  }

  private boolean flag(String name, boolean absent) {
    Optional<String> text = text(name);
    if (text.isEmpty()) {
      return absent;
    }
    return switch (text.get().toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new SettingsException(name + " is true or false, not " + text.get());
    };
  }

  private int number(String name, int absent, int least, int most) {
    Optional<String> text = text(name);
    if (text.isEmpty()) {
      return absent;
    }
    try {
      int value = Integer.parseInt(text.get());
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw new SettingsException(
        name + " is a number from " + least + " to " + most + ", not " + text.get());
  }

  private @Nullable Integer limit(String name) {
    return text(name).isEmpty() || text(name).get().equalsIgnoreCase("none")
        ? null
        : (Integer) number(name, 1, 1, Integer.MAX_VALUE);
  }

  private Duration seconds(String name, int absent) {
    return Duration.ofSeconds(number(name, absent, 1, Integer.MAX_VALUE));
  }

  private double ratio(String name, double absent) {
    Optional<String> text = text(name);
    if (text.isEmpty()) {
      return absent;
    }
    try {
      double value = Double.parseDouble(text.get());
      if (value >= 0 && value <= 1) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw new SettingsException(name + " is a number from 0 to 1, not " + text.get());
  }

  private long size(String name, String absent, long least, long most) {
    long bytes;
    try {
      bytes = ByteSizes.parse(text(name).orElse(absent));
    } catch (IllegalArgumentException e) {
      throw new SettingsException(name + ": " + e.getMessage());
    }
    if (bytes < least || bytes > most) {
      throw new SettingsException(
          name + " is from " + least + " to " + most + " bytes, not " + bytes);
    }
    return bytes;
  }

  private static String address(String name, String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0 || !text.substring(colon + 1).matches("\\d{1,5}")) {
      throw new SettingsException(name + ": '" + text + "' is not HOST:PORT");
    }
    return text;
  }

  private static List<String> list(String text) {
    return Arrays.stream(text.split(",")).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }
}
