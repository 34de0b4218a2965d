package dev.varve.operator.member;

/** What a member said, or that it said nothing in time. */
public sealed interface Reply<T> {

  /** The member's answer. */
  record Answer<T>(T value) implements Reply<T> {}

  /** The member refused or did not answer; {@code message} says which, for people. */
  record Silence<T>(String message) implements Reply<T> {}
}
