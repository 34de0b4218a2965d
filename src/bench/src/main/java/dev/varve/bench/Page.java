package dev.varve.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The page of results. Each of its parts is written by somebody else and kept by the others.
 *
 * @param embedded what a run of the embedded scenarios wrote; ends with a line's end, or is empty
 * @param cluster what a run of the replicated ones wrote, the same
 * @param notes what people wrote
 */
public record Page(String embedded, String cluster, String notes) {
  static final String CLUSTER = "<!-- From here on: written by ./dev bench --cluster. -->";
  static final String NOTES = "<!-- Below this line the page is kept by hand. -->";

  /** Reads it; all parts of a page that is not there are empty. */
  public static Page read(Path page) throws IOException {
    return Files.exists(page) ? parse(Files.readString(page)) : new Page("", "", "");
  }

  static Page parse(String text) {
    int notes = text.indexOf(NOTES);
    String written = notes < 0 ? text : text.substring(0, notes);
    int cluster = written.indexOf(CLUSTER);
    return new Page(
        (cluster < 0 ? written : written.substring(0, cluster)).strip() + "\n",
        cluster < 0 ? "" : written.substring(cluster + CLUSTER.length()).strip() + "\n",
        notes < 0 ? "" : text.substring(notes + NOTES.length() + 1));
  }

  /** The same with another first part. */
  public Page withEmbedded(String text) {
    return new Page(text, cluster, notes);
  }

  /** The same with another second part. */
  public Page withCluster(String text) {
    return new Page(embedded, text, notes);
  }

  /** Writes it, with the directories above it. */
  public void write(Path page) throws IOException {
    Path folder = page.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.writeString(page, text());
  }

  String text() {
    return embedded
        + (cluster.isEmpty() ? "" : "\n" + CLUSTER + "\n\n" + cluster)
        + "\n"
        + NOTES
        + "\n"
        + notes;
  }
}
