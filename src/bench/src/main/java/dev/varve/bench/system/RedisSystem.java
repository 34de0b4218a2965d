package dev.varve.bench.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;

/** A primary and a replica of Redis. */
final class RedisSystem implements ReplicatedSystem {
  private static final Duration START_LIMIT = Duration.ofMinutes(1);
  private static final Duration REWRITE_LIMIT = Duration.ofMinutes(5);

  private final List<Integer> ports;
  private final List<ServerProcess> servers = new ArrayList<>();
  private String version = "";

  private RedisSystem(List<Integer> ports) {
    this.ports = ports;
  }

  static RedisSystem start(Processes processes, Path directory, Programs programs)
      throws IOException {
    RedisSystem system = new RedisSystem(Ports.free(2));
    try {
      for (int i = 0; i < system.ports.size(); i++) {
        String name = i == 0 ? "redis-primary" : "redis-replica";
        Path data = Files.createDirectories(directory.resolve(name + "-data"));
        List<String> command =
            new ArrayList<>(
                List.of(
                    programs.redis().toString(),
                    "--bind",
                    Ports.HOST,
                    "--port",
                    system.ports.get(i).toString(),
                    "--dir",
                    data.toString(),
                    "--save",
                    "",
                    "--appendonly",
                    "yes",
                    "--appendfsync",
                    "always",
                    "--auto-aof-rewrite-percentage",
                    "0"));
        if (i > 0) {
          command.addAll(List.of("--replicaof", Ports.HOST + " " + system.ports.getFirst()));
        }
        system.servers.add(processes.start(name, directory, Map.of(), command));
      }
      system.awaitReplica();
      return system;
    } catch (IOException | RuntimeException e) {
      system.close();
      throw e;
    }
  }

  private void awaitReplica() throws IOException {
    Waiting.until(
        START_LIMIT,
        () ->
            "a primary with its replica: "
                + servers.stream().map(ServerProcess::describe).collect(Collectors.joining("\n")),
        () -> {
          try (Jedis primary = RedisClients.connect(ports.getFirst())) {
            version = field(primary.info("server"), "redis_version");
            return primary.info("replication").contains("state=online");
          } catch (JedisException e) {
            return false; // not up yet; what it printed is told when the time is over
          }
        });
  }

  /** A field of what INFO answers. */
  static String field(String info, String name) {
    return info.lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).strip())
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("INFO has no " + name));
  }

  @Override
  public SystemKind kind() {
    return SystemKind.REDIS;
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public Clients connect(int clients) throws IOException {
    return RedisClients.connect(ports.getFirst(), clients);
  }

  @Override
  public boolean compact() throws IOException {
    for (int port : ports) {
      try (Jedis server = RedisClients.connect(port)) {
        var _ = server.bgrewriteaof();
        Waiting.until(
            REWRITE_LIMIT,
            () -> "the end of BGREWRITEAOF",
            () -> {
              String state = server.info("persistence");
              return field(state, "aof_rewrite_in_progress").equals("0")
                  && field(state, "aof_rewrite_scheduled").equals("0");
            });
        if (!field(server.info("persistence"), "aof_last_bgrewrite_status").equals("ok")) {
          throw new IOException("BGREWRITEAOF failed");
        }
      } catch (JedisException e) {
        throw new IOException("BGREWRITEAOF failed: " + e, e);
      }
    }
    return true;
  }

  @Override
  public void close() {
    servers.forEach(ServerProcess::kill);
  }
}
