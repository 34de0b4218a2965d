package dev.varve.node.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.node.settings.NodeSettings.Follower;
import dev.varve.node.settings.NodeSettings.KubernetesLease;
import dev.varve.node.settings.NodeSettings.LeaseFile;
import dev.varve.node.settings.NodeSettings.Replicated;
import dev.varve.node.settings.NodeSettings.Standalone;
import dev.varve.store.KeyspaceOptions;
import dev.varve.store.StoreOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.retention.RetentionRules;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SettingsReaderTest {
  private final Map<String, String> values =
      new HashMap<>(Map.of("VARVE_MODE", "standalone", "VARVE_DATA_DIR", "/data"));

  private NodeSettings read() {
    return new SettingsReader(name -> Optional.ofNullable(values.get(name))).read();
  }

  private void replicated() {
    values.remove("VARVE_MODE");
    values.put("VARVE_MEMBER", "orders-0-1");
    values.put("VARVE_PEERS", "orders-0-0=a.svc:9090, orders-0-1=b.svc:9090");
  }

  @Test
  void hasTheDefaultsOfTheContract() {
    NodeSettings settings = read();
    CompactionSettings compaction = settings.compaction();
    assertEquals(new Standalone(), settings.mode());
    assertTrue(compaction.enabled());
    assertEquals(Duration.ofHours(1), compaction.interval());
    assertEquals(0.3, compaction.minDeadRatio());
    assertEquals(10L << 20, compaction.minBytes());
    assertEquals(Strategy.REWRITE, compaction.type());
    assertNull(compaction.maxSegments());
    assertNull(compaction.objectsMaxSegments());
    assertFalse(compaction.forceDelete());
    assertEquals(Duration.ofMinutes(5), settings.checkpointInterval());
    assertEquals(
        List.of(
            new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 64L << 20),
            new KeyspaceOptions("objects", KeyspaceType.KEY_VALUE, 256L << 20)),
        settings.keyspaces());
    assertEquals(9090, settings.port());
    assertFalse(settings.managed());
    assertEquals(0, settings.capacityBytes());
    assertEquals(StoreOptions.BALLAST_AUTOMATIC, settings.ballastBytes());
    assertEquals(StoreOptions.READ_CACHE_AUTOMATIC, settings.readCacheBytes());
    assertEquals(StoreOptions.OPEN_FILES_MAX_DEFAULT, settings.openFilesMax());
    assertEquals(StoreOptions.SEGMENTS_MAX, settings.segmentsMax());
  }

  @Test
  void takesABoundOfOpenFiles() {
    values.put("OPEN_FILES_MAX", "64");
    assertEquals(64, read().openFilesMax());
    values.put("OPEN_FILES_MAX", "0");
    SettingsException refusal = assertThrows(SettingsException.class, this::read);
    assertTrue(
        String.valueOf(refusal.getMessage()).startsWith("OPEN_FILES_MAX is a number from 1"),
        refusal.getMessage());
  }

  @Test
  void takesABoundOfSegments() {
    values.put("SEGMENTS_MAX", "2000");
    assertEquals(2000, read().segmentsMax());
    for (String wrong : List.of("0", "480001", "many")) {
      values.put("SEGMENTS_MAX", wrong);
      SettingsException refusal = assertThrows(SettingsException.class, this::read);
      assertTrue(
          String.valueOf(refusal.getMessage()).startsWith("SEGMENTS_MAX is a number from 1"),
          refusal.getMessage());
    }
  }

  @Test
  void takesACapacityAndABallast() {
    values.putAll(Map.of("CAPACITY", "10Gi", "BALLAST", "16MB"));
    assertEquals(10L << 30, read().capacityBytes());
    assertEquals(16L << 20, read().ballastBytes());
    values.put("READ_CACHE", "8Mi");
    assertEquals(8 << 20, read().readCacheBytes());
    values.put("BALLAST", "some");
    SettingsException refusal = assertThrows(SettingsException.class, this::read);
    assertTrue(String.valueOf(refusal.getMessage()).startsWith("BALLAST: "), refusal.getMessage());
  }

  @Test
  void takesEverySettingFromTheEnvironment() {
    values.putAll(
        Map.of(
            "COMPACTION_ENABLED", "false",
            "COMPACTION_INTERVAL", "60",
            "COMPACTION_THRESHOLD", "0.5",
            "COMPACTION_MIN_FILE_SIZE", "1Mi",
            "COMPACTION_TYPE", "None",
            "COMPACTION_MAX_SEGMENTS", "7",
            "OBJECT_STORE_COMPACTION_MAX_SEGMENTS", "3",
            "COMPACTION_FORCE_DELETE", "true",
            "CHECKPOINT_INTERVAL", "5"));
    NodeSettings settings = read();
    assertEquals(
        new CompactionSettings(
            false, Duration.ofSeconds(60), 0.5, 1 << 20, Strategy.NONE, 7, 3, true),
        settings.compaction());
    assertEquals(3, settings.compaction().maxSegmentsOf("objects"));
    assertEquals(7, settings.compaction().maxSegmentsOf("main"));
    assertEquals(Duration.ofSeconds(5), settings.checkpointInterval());
  }

  @Test
  void takesTheDottedNamesOfApplicationProperties() {
    values.put("compaction.interval", "17");
    assertEquals(Duration.ofSeconds(17), read().compaction().interval());
    values.put("COMPACTION_INTERVAL", "18");
    assertEquals(Duration.ofSeconds(18), read().compaction().interval());
  }

  @ParameterizedTest
  @EnumSource
  void everyStrategyCanBeTheType(Strategy strategy) {
    values.put(
        "COMPACTION_TYPE",
        strategy.name().charAt(0) + strategy.name().substring(1).toLowerCase(Locale.ROOT));
    assertEquals(strategy, read().compaction().type());
  }

  @Test
  void segmentSizesAreThoseOfTheKeyspaceOrElseTheSettings() {
    values.put("SEGMENT_SIZE", "1MB");
    values.put("OBJECT_STORE_SEGMENT_SIZE", "2Gi");
    values.put("VARVE_KEYSPACES", "main, objects, cold:8Mi, log:Stream:4Mi");
    assertEquals(
        List.of(
            new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 1 << 20),
            new KeyspaceOptions("objects", KeyspaceType.KEY_VALUE, 2L << 30),
            new KeyspaceOptions("cold", KeyspaceType.KEY_VALUE, 8 << 20),
            new KeyspaceOptions("log", KeyspaceType.STREAM, 4 << 20)),
        read().keyspaces());
  }

  @Test
  void keyspacesHaveLimitsByName() {
    values.put("VARVE_KEYSPACES", "main,log:Stream");
    values.put("RETENTION_MAX_AGE", "main=7d, log=36h");
    values.put("RETENTION_MAX_BYTES", "log=10Gi");
    values.put("RETENTION_MAX_RECORDS", "main=1000");
    values.put("RETENTION_INTERVAL", "5");
    NodeSettings settings = read();
    assertEquals(
        List.of(
            new RetentionRules(7L * 86_400_000, 0, 1000),
            new RetentionRules(36L * 3_600_000, 10L << 30, 0)),
        settings.keyspaces().stream().map(KeyspaceOptions::retention).toList());
    assertEquals(Duration.ofSeconds(5), settings.retentionInterval());
  }

  @Test
  void wrongLimitsNameTheSetting() {
    Map<String, String> wrong =
        Map.of(
            "RETENTION_MAX_AGE", "main=soon",
            "RETENTION_MAX_BYTES", "nothing=1Gi",
            "RETENTION_MAX_RECORDS", "main=0");
    wrong.forEach(
        (name, value) -> {
          values.put(name, value);
          SettingsException refusal = assertThrows(SettingsException.class, this::read);
          assertTrue(String.valueOf(refusal.getMessage()).startsWith(name), refusal::toString);
          values.remove(name);
        });
  }

  @Test
  void aMemberOfAReplicatedShardHasALeaseInKubernetes() {
    replicated();
    values.put("VARVE_LEASE", "orders-0");
    values.put("VARVE_NAMESPACE", "shop");
    NodeSettings settings = read();
    assertEquals(
        new Replicated(
            Map.of("orders-0-0", "a.svc:9090", "orders-0-1", "b.svc:9090"),
            new KubernetesLease("shop", "orders-0")),
        settings.mode());
    assertEquals("b.svc:9090", settings.addressAt(4711));
  }

  @Test
  void aLayoutIsForANodeThatStandsAlone() {
    assertNull(read().layout());
    values.put("VARVE_LAYOUT", "memory");
    values.put("VARVE_MEMORY_MAX", "64Mi");
    assertEquals(Layout.MEMORY, read().layout());
    assertEquals(64L << 20, read().memoryBytesMax());
    values.put("VARVE_LAYOUT", "pile");
    assertTrue(message().contains("VARVE_LAYOUT is"));
    values.put("VARVE_LAYOUT", "single-file");
    assertEquals(Layout.SINGLE_FILE, read().layout());
    for (String layout : List.of("memory", "single-file")) {
      values.put("VARVE_LAYOUT", layout);
      values.remove("VARVE_MODE");
      values.put("VARVE_REPLICA_OF", "primary:9090");
      assertTrue(message().contains("VARVE_LAYOUT=" + layout + " is for a node that stands alone"));
      values.remove("VARVE_REPLICA_OF");
      replicated();
      values.put("VARVE_LEASE_FILE", "/tmp/lease");
      assertTrue(message().contains("VARVE_LAYOUT=" + layout + " is for a node that stands alone"));
      values.remove("VARVE_PEERS");
      values.put("VARVE_MODE", "standalone");
    }
    values.put("VARVE_LAYOUT", "segmented");
    assertEquals(Layout.SEGMENTED, read().layout());
    values.remove("VARVE_LAYOUT");
    values.remove("VARVE_MODE");
    values.put("VARVE_REPLICA_OF", "primary:9090");
    assertEquals(Layout.SEGMENTED, read().layout(), "whatever the directory was before");
  }

  private String message() {
    return String.valueOf(assertThrows(SettingsException.class, this::read).getMessage());
  }

  @Test
  void orInAFile() {
    replicated();
    values.put("VARVE_LEASE_FILE", "/tmp/lease");
    values.put("VARVE_BOOTSTRAP", "orders-0-0,orders-0-1");
    assertEquals(
        new LeaseFile(Path.of("/tmp/lease"), List.of("orders-0-0", "orders-0-1")),
        ((Replicated) read().mode()).lease());
  }

  @Test
  void aFollowerKnowsOnlyItsPrimary() {
    values.put("VARVE_REPLICA_OF", "db:9090");
    assertEquals(new Follower("db:9090"), read().mode());
    values.remove("VARVE_MODE");
    assertEquals(new Follower("db:9090"), read().mode());
  }

  @Test
  void aloneItTellsItsOwnAddressUnlessToldAnother() {
    assertEquals("127.0.0.1:4711", read().addressAt(4711));
    values.put("VARVE_HOST", "10.0.0.1");
    assertEquals("10.0.0.1:4711", read().addressAt(4711));
    values.put("VARVE_ADVERTISE", "db.example:1");
    assertEquals("db.example:1", read().addressAt(4711));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "COMPACTION_INTERVAL | 0",
        "COMPACTION_INTERVAL | soon",
        "COMPACTION_THRESHOLD | 1.5",
        "COMPACTION_THRESHOLD | NaN",
        "COMPACTION_MIN_FILE_SIZE | big",
        "COMPACTION_TYPE | Sideways",
        "COMPACTION_ENABLED | yes",
        "COMPACTION_MAX_SEGMENTS | 0",
        "CHECKPOINT_INTERVAL | -1",
        "SEGMENT_SIZE | 4TB",
        "SEGMENT_SIZE | 1KB",
        "VARVE_PORT | 70000",
        "VARVE_SHARD | 1",
        "VARVE_MODE | cluster",
        "VARVE_KEYSPACES | main,main",
        "VARVE_KEYSPACES | Main",
        "VARVE_KEYSPACES | main:huge",
        "VARVE_ADVERTISE | db",
        "VARVE_PEERS | a=b:1",
      })
  void namesTheSettingThatIsWrong(String name, String value) {
    values.put(name, value);
    SettingsException refusal = assertThrows(SettingsException.class, this::read);
    assertTrue(String.valueOf(refusal.getMessage()).contains(name), refusal.getMessage());
  }

  @Test
  void wantsADirectoryAndExactlyOneMode() {
    values.remove("VARVE_DATA_DIR");
    assertThrows(SettingsException.class, this::read);
    values.put("VARVE_DATA_DIR", "/data");
    values.remove("VARVE_MODE");
    assertThrows(SettingsException.class, this::read);
  }

  @Test
  void wantsExactlyOneLeaseAndItselfAmongThePeers() {
    replicated();
    assertThrows(SettingsException.class, this::read);
    values.put("VARVE_LEASE_FILE", "/tmp/lease");
    values.put("VARVE_MEMBER", "orders-0-7");
    SettingsException refusal = assertThrows(SettingsException.class, this::read);
    assertEquals("VARVE_PEERS does not name this member, orders-0-7", refusal.getMessage());
  }
}
