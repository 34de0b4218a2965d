package dev.varve.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Each of the page's writers leaves what the others wrote. */
class PageTest {
  private static final String WITHOUT_CLUSTER =
      "# Benchmarks\n\na table\n\n" + Page.NOTES + "\n\nWhat limits it.\n";

  @Test
  void aPageThatIsReadAndWrittenStaysAsItIs() {
    assertEquals(WITHOUT_CLUSTER, Page.parse(WITHOUT_CLUSTER).text());
    String whole = Page.parse(WITHOUT_CLUSTER).withCluster("## Replicated\n").text();
    assertEquals(whole, Page.parse(whole).text());
  }

  @Test
  void aPartReplacesItselfAlone() {
    String first = Page.parse(WITHOUT_CLUSTER).withCluster("## Replicated, first\n").text();
    String second = Page.parse(first).withCluster("## Replicated, second\n").text();
    assertTrue(second.startsWith("# Benchmarks\n\na table\n"), second);
    assertTrue(second.contains("## Replicated, second\n"), second);
    assertTrue(!second.contains("first"), second);
    assertTrue(second.endsWith(Page.NOTES + "\n\nWhat limits it.\n"), second);
    Page other = Page.parse(Page.parse(second).withEmbedded("# Benchmarks\n\nanew\n").text());
    assertEquals("# Benchmarks\n\nanew\n", other.embedded());
    assertEquals("## Replicated, second\n", other.cluster());
    assertEquals("\nWhat limits it.\n", other.notes());
  }
}
