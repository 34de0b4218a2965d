package dev.varve.crds;

/**
 * The rules that several fields share, in CEL so that a refusal carries a sentence and not a
 * regular expression. The API server evaluates them; nothing here runs in our processes.
 */
final class Rules {

  static final String NAME_PATTERN = "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$";

  static final String RESOURCE_NAME = "self.metadata.name.matches('" + NAME_PATTERN + "')";

  static final String RESOURCE_NAME_MESSAGE =
      "metadata.name must be 1 to 40 lower-case letters, digits or '-', start with a letter and end"
          + " with a letter or digit";

  static final String KEYSPACE_NAME = "self.matches('" + NAME_PATTERN + "')";

  static final String KEYSPACE_NAME_MESSAGE =
      "a keyspace's name must be 1 to 40 lower-case letters, digits or '-', start with a letter and"
          + " end with a letter or digit";

  /** Whole numbers with units: {@code 90s}, {@code 1h30m}. */
  static final String DURATION = "self.matches('^([0-9]{1,9}(ms|s|m|h))+$')";

  /** A name of the IANA data base: offsets and the server's own zone are not accepted. */
  static final String TIME_ZONE =
      "self != '' && self != 'Local' && !self.contains(':')"
          + " && timestamp('2000-01-01T00:00:00Z').getFullYear(self) > 0";

  /** A decimal number from 0 to 1 in a string. */
  static final String RATIO = "self.matches('^(0([.][0-9]{1,6})?|1([.]0{1,6})?|[.][0-9]{1,6})$')";

  // One cron field is a list of "*", "N", "N-M" or names, each with an optional step.
  private static final String MINUTE = "[0-5]?[0-9]";
  private static final String MINUTE_ITEM =
      "([*]|" + MINUTE + "(-" + MINUTE + ")?)(/([1-9]|[1-5][0-9]))?";
  private static final String HOUR = "([01]?[0-9]|2[0-3])";
  private static final String HOUR_ITEM =
      "([*]|" + HOUR + "(-" + HOUR + ")?)(/([1-9]|1[0-9]|2[0-3]))?";
  private static final String DAY = "(0?[1-9]|[12][0-9]|3[01])";
  private static final String DAY_ITEM =
      "([*]|" + DAY + "(-" + DAY + ")?)(/([1-9]|[12][0-9]|3[01]))?";
  private static final String MONTH =
      "(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)";
  private static final String MONTH_ITEM = "([*]|" + MONTH + "(-" + MONTH + ")?)(/([1-9]|1[0-2]))?";
  private static final String WEEKDAY = "([0-7]|sun|mon|tue|wed|thu|fri|sat)";
  private static final String WEEKDAY_ITEM = "([*]|" + WEEKDAY + "(-" + WEEKDAY + ")?)(/[1-7])?";

  /** Exactly five fields, each number within its field's range. */
  static final String CRON_PATTERN =
      "(?i)^"
          + (MINUTE_ITEM + "(," + MINUTE_ITEM + ")* +")
          + (HOUR_ITEM + "(," + HOUR_ITEM + ")* +")
          + (DAY_ITEM + "(," + DAY_ITEM + ")* +")
          + (MONTH_ITEM + "(," + MONTH_ITEM + ")* +")
          + (WEEKDAY_ITEM + "(," + WEEKDAY_ITEM + ")*$");

  static final String CRON = "self.matches('" + CRON_PATTERN + "')";

  private Rules() {}
}
