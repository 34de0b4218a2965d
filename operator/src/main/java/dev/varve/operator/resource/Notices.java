package dev.varve.operator.resource;

import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.api.model.events.v1.EventBuilder;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Kubernetes Events, as {@code kubectl describe} shows them. */
public final class Notices {

  private static final int MOST_CHARACTERS = 1000;
  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private Notices() {}

  /**
   * An Event.
   *
   * @param name of the Event; a second one of the same name is refused
   * @param instance which operator tells it
   */
  public static Event event(
      ObjectReference about,
      String name,
      String reason,
      boolean warning,
      String action,
      String text,
      String instance,
      Instant now) {
    return new EventBuilder()
        .withNewMetadata()
        .withNamespace(about.getNamespace())
        .withName(name)
        .endMetadata()
        .withRegarding(about)
        .withEventTime(new MicroTime(MICROS.format(now)))
        .withReportingController("varve.dev/operator")
        .withReportingInstance(instance)
        .withType(warning ? "Warning" : "Normal")
        .withReason(reason)
        .withAction(action)
        .withNote(
            text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "…")
        .build();
  }

  /** A reference to one of our two resources. */
  public static ObjectReference about(
      String apiVersion, String kind, String namespace, String name, String uid) {
    return new ObjectReferenceBuilder()
        .withApiVersion(apiVersion)
        .withKind(kind)
        .withNamespace(namespace)
        .withName(name)
        .withUid(uid)
        .build();
  }
}
