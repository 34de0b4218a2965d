package dev.varve.bench.system;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisException;

/** A connection for each client: WAIT is about what its own connection wrote. */
final class RedisClients implements Clients {
  private static final int ANSWER_MILLIS = (int) TimeUnit.SECONDS.toMillis(30);
  private static final int REPLICAS = 1;

  private final List<Jedis> connections = new ArrayList<>();

  private RedisClients() {}

  static Jedis connect(int port) {
    return new Jedis(Ports.HOST, port, ANSWER_MILLIS);
  }

  static RedisClients connect(int port, int clients) throws IOException {
    RedisClients connected = new RedisClients();
    try {
      for (int i = 0; i < clients; i++) {
        Jedis connection = connect(port);
        connected.connections.add(connection);
        connection.connect();
      }
      return connected;
    } catch (JedisException e) {
      connected.close();
      throw new IOException("no connection to Redis: " + e, e);
    }
  }

  @Override
  public void put(int client, byte[] key, byte[] value) throws IOException {
    try (PutStream single = new Batch(connections.get(client))) {
      single.put(key, value, () -> {});
    }
  }

  @Override
  public byte @Nullable [] get(int client, byte[] key) throws IOException {
    try {
      return connections.get(client).get(key);
    } catch (JedisException e) {
      throw new IOException("GET failed: " + e, e);
    }
  }

  @Override
  public PutStream stream(int client) {
    return new Batch(connections.get(client));
  }

  @Override
  public void close() {
    connections.forEach(Jedis::close);
  }

  /** SETs that are sent with one WAIT after them. */
  private static final class Batch implements PutStream {
    private final Pipeline pipeline;
    private final List<Response<String>> sets = new ArrayList<>();
    private final List<Runnable> acknowledged = new ArrayList<>();

    Batch(Jedis connection) {
      pipeline = new Pipeline(connection);
    }

    @Override
    public void put(byte[] key, byte[] value, Runnable whenAcknowledged) throws IOException {
      sets.add(pipeline.set(key, value));
      acknowledged.add(whenAcknowledged);
      if (sets.size() == WINDOW) {
        flush();
      }
    }

    private void flush() throws IOException {
      if (sets.isEmpty()) {
        return;
      }
      try {
        Response<Long> replicas = pipeline.waitReplicas(REPLICAS, ANSWER_MILLIS / 2);
        pipeline.sync();
        for (Response<String> set : sets) {
          var _ = set.get(); // throws what the server answered
        }
        if (replicas.get() < REPLICAS) {
          throw new IOException("WAIT: no replica has received the write");
        }
      } catch (JedisException e) {
        throw new IOException("SET failed: " + e, e);
      }
      acknowledged.forEach(Runnable::run);
      sets.clear();
      acknowledged.clear();
    }

    @Override
    public void close() throws IOException {
      flush(); // the pipeline itself holds nothing else, and the connection lives on
    }
  }
}
