package dev.varve.operator.schedule;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Names runs, and so their Jobs: {@code <policy>-<cluster>-<shard>-<hash>}. The same trigger on the
 * same shard gives the same name however often it is asked, so that the API server itself refuses a
 * second Job. Names are shortened so that all fits 63 characters with the hash whole.
 */
public final class RunName {

  private static final int MOST_CHARACTERS = 63;
  private static final int HASH_BYTES = 5;

  private RunName() {}

  /** The name of attempt number {@code attempt}, from 0, at one trigger on one shard. */
  public static String of(
      String policy,
      String policyUid,
      String cluster,
      String clusterUid,
      int shard,
      Trigger trigger,
      int attempt) {
    String identity =
        String.join(
            "\n",
            policyUid,
            clusterUid,
            Integer.toString(shard),
            trigger.key(),
            Integer.toString(attempt));
    String tail = "-" + shard + "-" + hash(identity);
    int room = MOST_CHARACTERS - tail.length() - 1;
    String first = policy;
    String second = cluster;
    if (first.length() + second.length() > room) {
      int half = room / 2;
      int forFirst = second.length() < half ? room - second.length() : half;
      first = shortened(first, forFirst);
      second = shortened(second, room - first.length());
    }
    return first + "-" + second + tail;
  }

  /** A short hash in lower-case hexadecimal digits. */
  public static String hash(String identity) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(identity.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static String shortened(String name, int length) {
    String cut = name.length() <= length ? name : name.substring(0, length);
    int end = cut.length();
    while (end > 1 && cut.charAt(end - 1) == '-') {
      end--;
    }
    return cut.substring(0, end);
  }
}
