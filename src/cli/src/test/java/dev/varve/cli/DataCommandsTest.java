package dev.varve.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Code;
import dev.varve.client.FakeCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataCommandsTest {
  @TempDir Path folder = Path.of("");
  private FakeCluster cluster = new FakeCluster();

  @BeforeEach
  void start() throws IOException {
    cluster = FakeCluster.start(2);
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  /** With the endpoint of a replica, so that every command has to find the primary. */
  private String[] args(String... args) {
    return Stream.concat(
            Arrays.stream(args),
            Stream.of("--endpoint", cluster.nodes().get(1).address().toString()))
        .toArray(String[]::new);
  }

  private CommandRun varve(String... args) {
    return CommandRun.of(args(args));
  }

  @Test
  void putsAndGetsText() {
    CommandRun put = varve("put", "käse", "größe");
    assertEquals("sequence 1, term 1\n", put.out());
    assertEquals(0, put.code());

    CommandRun get = varve("get", "käse");
    assertEquals("größe", get.out());
    assertEquals(0, get.code());
  }

  @Test
  void getsWhatCameFromAFileByteForByte() throws IOException {
    byte[] bytes = {0, (byte) 0xff, 10, 13, (byte) 0xc3};
    Path in = Files.write(folder.resolve("in"), bytes);
    Path out = folder.resolve("out");

    assertEquals(0, varve("put", "k", "--file", in.toString()).code());
    assertArrayEquals(bytes, varve("get", "k").outBytes());
    assertEquals(0, varve("get", "k", "--file", out.toString()).code());
    assertArrayEquals(bytes, Files.readAllBytes(out));
    assertEquals(
        "{\"key\":\"k\",\"value_base64\":\"AP8KDcM=\",\"sequence\":1}\n",
        varve("get", "k", "--output", "json").out());
  }

  @Test
  void putsFromStdin() {
    CommandRun put =
        CommandRun.withInput("from stdin".getBytes(UTF_8), args("put", "k", "--file", "-"));
    assertEquals(0, put.code());
    assertEquals("from stdin", varve("get", "k").out());
  }

  @Test
  void aKeyWithoutAValueIsNotFound() {
    CommandRun get = varve("get", "nothing");
    assertEquals(3, get.code());
    assertEquals("", get.out());
    assertEquals("varve: no value for 'nothing'\n", get.err());
  }

  @Test
  void deletes() {
    varve("put", "k", "v");
    assertEquals(
        "{\"key\":\"k\",\"shard\":0,\"sequence\":2,\"term\":1}\n",
        varve("delete", "k", "--output", "json").out());
    assertEquals(3, varve("get", "k").code());
  }

  @Test
  void deletesEveryKeyOfAFile() throws IOException {
    for (String key : List.of("a", "b", "c")) {
      varve("put", key, "v");
    }
    Path file = Files.writeString(folder.resolve("keys"), "a\n\nc\nnever there\n");
    CommandRun run = varve("delete", "--file", file.toString());
    assertEquals(0, run.code(), run.err());
    assertEquals("deleted 3 keys of " + file + "\n", run.out());
    assertEquals(3, varve("get", "a").code());
    assertEquals("v", varve("get", "b").out());
    assertEquals(3, varve("get", "c").code());
  }

  @Test
  void deleteTakesAKeyOrAFile() {
    assertEquals(2, varve("delete").code());
    assertEquals(2, varve("delete", "k", "--file", "f").code());
    assertEquals(2, varve("delete", "--file", "f", "--if-sequence", "1").code());
    assertEquals(1, varve("delete", "--file", folder.resolve("none").toString()).code());
  }

  @Test
  void keepsKeyspacesApart() {
    varve("put", "k", "v", "--keyspace", "objects");
    assertEquals(3, varve("get", "k").code());
    assertEquals("v", varve("get", "k", "--keyspace", "objects").out());
  }

  @Test
  void conditionalPutsFailWithOne() {
    assertEquals(0, varve("put", "k", "v", "--if-sequence", "0").code());
    CommandRun again = varve("put", "k", "v", "--if-sequence", "0");
    assertEquals(1, again.code());
    assertTrue(again.err().contains("VERSION_MISMATCH"), again.err());
  }

  @Test
  void aTtlBecomesAnExpiry() {
    varve("put", "k", "v", "--ttl", "1h");
    assertTrue(
        varve("get", "k", "--output", "json").out().contains("\"expires_at_ms\":"), "no expiry");
  }

  @Test
  void badUsageIsTwoAndNamesTheTrouble() {
    Map<String, String[]> wrong =
        Map.of(
            "KEY", new String[] {"get"},
            "either a VALUE or --file", new String[] {"put", "k"},
            "'soon' is not a duration", new String[] {"put", "k", "v", "--ttl", "soon"},
            "'nowhere' is not HOST:PORT", new String[] {"get", "k", "--endpoint", "nowhere"},
            "Unmatched argument", new String[] {"frob"},
            "--tls-key", new String[] {"get", "k", "--tls-key"},
            "go together", new String[] {"get", "k", "--tls-cert", "c.pem"},
            "KEY_EMPTY", args("put", "", "v"),
            "UNKNOWN_KEYSPACE", args("get", "k", "--keyspace", "nope"),
            "KEY_TOO_LARGE", args("get", "k".repeat(4097)));
    wrong.forEach(
        (message, args) -> {
          CommandRun run = CommandRun.of(args);
          assertEquals(2, run.code(), message + ": " + run.err());
          assertTrue(run.err().contains(message), message + " is not in: " + run.err());
        });
  }

  @Test
  void anUnreachableStoreIsAFailureThatNamesTheAddress() {
    String address = cluster.nodes().get(1).address().toString();
    cluster.close();
    CommandRun run = CommandRun.of("get", "k", "--endpoint", address, "--request-timeout", "300ms");
    assertEquals(1, run.code());
    assertTrue(run.err().contains(address), run.err());
  }

  @Test
  void theEndpointMayComeFromTheEnvironment() {
    varve("put", "k", "v");
    CommandRun run =
        CommandRun.start(
                Map.of("VARVE_ENDPOINT", "127.0.0.1:1, " + cluster.nodes().get(1).address()),
                "get",
                "k")
            .await();
    assertEquals("v", run.out());
  }

  @Test
  void anUnknownOutcomeIsSaidToBeOne() {
    cluster
        .primaryNode()
        .failNext(FakeCluster.error(Code.UNAVAILABLE, "QUORUM_UNAVAILABLE", "no majority"));
    CommandRun run = varve("put", "k", "v");
    assertEquals(1, run.code());
    assertTrue(run.err().contains("may or may not have been applied"), run.err());
  }

  @Test
  void scansForPeopleAndForPrograms() {
    varve("put", "a1", "x\ty");
    varve("put", "b1", "z");
    assertEquals("a1\tx\\ty\n", varve("scan", "--prefix", "a").out());
    assertEquals(
        List.of("a1", "b1"), varve("scan", "--keys-only").outLines().stream().sorted().toList());
    assertEquals(
        "{\"key\":\"b1\",\"value\":\"z\",\"sequence\":2}\n",
        varve("scan", "--prefix", "b", "--output", "json").out());
    assertEquals(1, varve("scan", "--limit", "1").outLines().size());
  }

  @Test
  void exportIsTheInverseOfImport() throws IOException {
    List<String> lines =
        List.of(
            "{\"key\":\"text\",\"value\":\"with \\\"quotes\\\", <tags> and \\u0000\"}",
            "{\"key_base64\":\"/wA=\",\"value_base64\":\"gIE=\",\"expires_at_ms\":4102444800000}",
            "{\"key\":\"empty\",\"value\":\"\"}",
            "{\"key\":\"ключ\",\"value\":\"значение\"}");
    Path first = Files.write(folder.resolve("first.ndjson"), lines);

    CommandRun load = varve("import", first.toString());
    assertEquals(0, load.code(), load.err());
    assertTrue(load.out().startsWith("imported 4 records"), load.out());
    Path second = folder.resolve("second.ndjson");
    assertEquals(0, varve("export", second.toString()).code());
    varve("import", second.toString(), "--keyspace", "objects");
    Path third = folder.resolve("third.ndjson");
    varve("export", third.toString(), "--keyspace", "objects");

    assertEquals(
        new TreeSet<>(Files.readAllLines(second)), new TreeSet<>(Files.readAllLines(third)));
    assertEquals(4, cluster.size("objects"));
    assertEquals("with \"quotes\", <tags> and \0", varve("get", "text").out());
    assertFalse(Files.exists(folder.resolve("second.ndjson.part")));
  }

  @Test
  void valuesThatAreNoStringsAreKeptAsTheirJson() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("f"),
            """
            {"key":"object","value":{"b": 1.50, "a": [true, null, "x"]}}

            {"key":"number","value":12345678901234567890}
            {"value":null,"key":"null"}
            """);
    assertEquals(0, varve("import", file.toString()).code());
    assertEquals("{\"b\":1.50,\"a\":[true,null,\"x\"]}", varve("get", "object").out());
    assertEquals("12345678901234567890", varve("get", "number").out());
    assertEquals("null", varve("get", "null").out());
  }

  @Test
  void theLaterOfTwoLinesOfAKeyWins() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      lines
          .append("{\"key\":\"k")
          .append(i % 7)
          .append("\",\"value\":\"")
          .append(i)
          .append("\"}\n");
    }
    Path file = Files.writeString(folder.resolve("f"), lines.toString());
    assertEquals(0, varve("import", file.toString()).code());
    assertEquals("2999", varve("get", "k" + 2999 % 7).out());
    assertEquals(7, cluster.size("main"));
  }

  @Test
  void aBatchOfUnknownOutcomeIsImportedAgain() throws IOException {
    Path file = Files.writeString(folder.resolve("f"), "{\"key\":\"k\",\"value\":\"v\"}\n");
    cluster
        .primaryNode()
        .failNext(FakeCluster.error(Code.UNAVAILABLE, "QUORUM_UNAVAILABLE", "no majority"));
    assertEquals(0, varve("import", file.toString()).code());
    assertEquals("v", varve("get", "k").out());
  }

  @Test
  void badLinesAreNamedByFileAndLine() throws IOException {
    Map<String, String> wrong =
        Map.of(
            "{\"key\":\"k\"", "not JSON",
            "[1]", "not a JSON object",
            "{\"key\":\"k\"}", "no field 'value'",
            "{\"value\":1}", "no field 'key'",
            "{\"key\":1,\"value\":1}", "'key' is not a string",
            "{\"key\":\"k\",\"value\":1,\"ttl\":5}", "unknown field 'ttl'",
            "{\"key\":\"k\",\"value\":1,\"expires_at_ms\":1.5}", "whole number",
            "{\"key\":\"k\",\"key_base64\":\"aw==\",\"value\":1}", "at once",
            "{\"key_base64\":\"???\",\"value\":1}", "not base64",
            "{\"key\":\"k\",\"value\":1} {}", "more than one JSON value");
    for (Map.Entry<String, String> line : wrong.entrySet()) {
      Path file =
          Files.writeString(
              folder.resolve("bad.ndjson"),
              "{\"key\":\"good\",\"value\":1}\n" + line.getKey() + "\n");
      CommandRun run = varve("import", file.toString());
      assertEquals(1, run.code(), line.getKey());
      assertTrue(
          run.err().contains(file + ":2: ") && run.err().contains(line.getValue()), run.err());
    }
    Path file = Files.write(folder.resolve("latin1"), new byte[] {'"', (byte) 0xe4, '"'});
    assertTrue(varve("import", file.toString()).err().contains(":1: not UTF-8"), "not refused");
    assertTrue(varve("import", "missing.ndjson").err().contains("no such file"), "not refused");
  }

  @Test
  void aRefusedBatchIsNamedByItsLine() throws IOException {
    Path file = Files.writeString(folder.resolve("f"), "\n\n{\"key\":\"\",\"value\":1}\n");
    CommandRun run = varve("import", file.toString());
    assertEquals(2, run.code());
    assertTrue(run.err().contains(file + ":3: ") && run.err().contains("KEY_EMPTY"), run.err());
  }

  @Test
  void loadRunsAWorkloadAndPrintsPercentiles() {
    for (String workload : List.of("A", "b", "C", "D", "E", "F")) {
      CommandRun run =
          varve(
              "load",
              "--workload",
              workload,
              "--records",
              "200",
              "--threads",
              "4",
              "--duration",
              "150ms",
              "--value-size",
              "100",
              "--output",
              "json");
      assertEquals(0, run.code(), run.err() + run.out());
      assertTrue(run.out().contains("\"p99Micros\":"), run.out());
      assertTrue(run.out().contains("\"failures\":0"), run.out());
      if (!"DE".contains(workload)) { // their inserts are read before they are there
        assertTrue(run.out().contains("\"missing\":0"), run.out());
      }
    }
    CommandRun table = varve("load", "--no-load", "--records", "200", "--duration", "100ms");
    assertTrue(table.out().contains("P99.9"), table.out());
  }

  @Test
  void cancellingALoadIs130() {
    CommandRun run =
        CommandRun.start(Map.of(), args("load", "--records", "10", "--duration", "10m"));
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (cluster.primaryNode().dataCalls() < 20 && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    run.cancel();
    assertEquals(130, run.await().code());
  }

  @Test
  void helpListsTheCommandsAndExitCodes() {
    CommandRun run = CommandRun.of("--help");
    assertEquals(0, run.code());
    for (String word : List.of("compact", "serve", "checkpoint", "130")) {
      assertTrue(run.out().contains(word), word);
    }
    assertEquals(2, CommandRun.of().code());
  }
}
