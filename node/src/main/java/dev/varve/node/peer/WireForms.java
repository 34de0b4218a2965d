package dev.varve.node.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.varve.protocol.internal.v1.Chunk;
import dev.varve.protocol.internal.v1.LogEntry;
import dev.varve.protocol.internal.v1.Member;
import dev.varve.protocol.internal.v1.Position;
import dev.varve.protocol.internal.v1.TermStart;
import dev.varve.replication.MemberId;
import dev.varve.store.LogPosition;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What several messages between members are made of, in both forms. */
final class WireForms {
  private WireForms() {}

  static Member member(MemberId id) {
    return Member.newBuilder().setName(id.name()).setId(id.id()).build();
  }

  static MemberId member(Member message) {
    return new MemberId(message.getName(), message.getId());
  }

  static @Nullable MemberId member(boolean present, Member message) {
    return present ? member(message) : null;
  }

  static Position position(LogPosition position) {
    return Position.newBuilder().setTerm(position.term()).setSequence(position.sequence()).build();
  }

  static LogPosition position(Position message) {
    return new LogPosition(message.getTerm(), message.getSequence());
  }

  static List<TermStart> termStarts(List<dev.varve.store.manifest.TermStart> starts) {
    return starts.stream()
        .map(
            start ->
                TermStart.newBuilder()
                    .setTerm(start.term())
                    .setFirstSequence(start.firstSequence())
                    .build())
        .toList();
  }

  static List<dev.varve.store.manifest.TermStart> starts(List<TermStart> messages) {
    return messages.stream()
        .map(
            start ->
                new dev.varve.store.manifest.TermStart(start.getTerm(), start.getFirstSequence()))
        .toList();
  }

  static List<LogEntry> entries(List<dev.varve.store.LogEntry> entries) {
    return entries.stream().map(WireForms::entry).toList();
  }

  static List<dev.varve.store.LogEntry> logEntries(List<LogEntry> messages) {
    return messages.stream().map(WireForms::entry).toList();
  }

  private static LogEntry entry(dev.varve.store.LogEntry entry) {
    LogEntry.Builder message =
        LogEntry.newBuilder().setSequence(entry.sequence()).setTerm(entry.term());
    for (dev.varve.store.Chunk chunk : entry.chunks()) {
      message.addChunks(
          Chunk.newBuilder()
              .setPath(chunk.path())
              .setOffset(chunk.offset())
              .setBytes(bytes(chunk.bytes())));
    }
    return message.build();
  }

  private static dev.varve.store.LogEntry entry(LogEntry message) {
    return new dev.varve.store.LogEntry(
        message.getSequence(),
        message.getTerm(),
        message.getChunksList().stream()
            .map(
                chunk ->
                    new dev.varve.store.Chunk(
                        chunk.getPath(), chunk.getOffset(), buffer(chunk.getBytes())))
            .toList());
  }

  /** Without a copy: entries and read file bytes never change once they are given away. */
  static ByteString bytes(ByteBuffer buffer) {
    return UnsafeByteOperations.unsafeWrap(buffer.duplicate());
  }

  static ByteBuffer buffer(ByteString bytes) {
    return bytes.asReadOnlyByteBuffer();
  }
}
