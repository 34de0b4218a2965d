package dev.varve.credentials;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for servers that tests stop and start again.
 *
 * <p>A port that the system picks ({@code new ServerSocket(0)}) is one of those that it also gives
 * to outgoing connections; while the server is down, any connection of this machine may take it,
 * and the server does not come back. So these are below that range, which begins at 32768 (Linux)
 * or 49152 (macOS).
 */
public final class ListeningPorts {
  private static final int FIRST = 10_240;
  private static final int END = 32_768;

  private ListeningPorts() {}

  /**
   * Ports of the loopback address on which nobody listens now, no two alike.
   *
   * @param count how many
   * @throws IOException if a socket fails for another reason than that its port is in use
   */
  public static List<Integer> free(int count) throws IOException {
    List<ServerSocket> held = new ArrayList<>(); // together, so that no port is given twice
    try {
      while (held.size() < count) {
        int port = ThreadLocalRandom.current().nextInt(FIRST, END);
        try {
          held.add(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
        } catch (BindException _) {
          // In use: the next one, at random, is another.
        }
      }
      return held.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (ServerSocket socket : held) {
        socket.close();
      }
    }
  }
}
