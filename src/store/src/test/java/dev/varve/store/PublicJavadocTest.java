package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything that a program can call has Javadoc. javac's own check asks for a tag for each
 * parameter and result too, where a sentence says more. Spared are what overrides, the check of a
 * record's components, and an exception's constructors.
 */
class PublicJavadocTest {
  private static final Path SOURCES = Path.of("src/main/java");

  @TempDir Path folder;

  @Test
  void everythingPublicHasAComment() throws IOException {
    List<Path> sources;
    try (var files = Files.walk(SOURCES)) {
      sources = files.filter(file -> file.toString().endsWith(".java")).toList();
    }
    Checked checked = check(sources);
    assertTrue(checked.seen > 500, () -> "only " + checked.seen + " things are public");
    assertEquals(List.of(), checked.missing);
  }

  @Test
  void whatHasNoneIsNamed() throws IOException {
    Path source = folder.resolve("Sample.java");
    Files.writeString(
        source,
        """
        /** Said. */
        public class Sample {
          public static final int CONSTANT = 1;
          int hidden;
          void hidden() {}
          public Sample() {}
          public void method() {}
          /** Said. */
          public void said() {}
          @Override public String toString() { return ""; }
          class Hidden { public void method() {} }
          public enum Kind { FIRST, /** Said. */ SECOND }
          /** Said. */
          public record Pair(int a) { public Pair {} }
          /** Said. */
          public interface Called { void call(); }
        }
        """);
    assertEquals(
        List.of(
            "Sample.java: CONSTANT",
            "Sample.java: <init>",
            "Sample.java: method",
            "Sample.java: Kind",
            "Sample.java: FIRST",
            "Sample.java: call"),
        check(List.of(source)).missing);
  }

  private static Checked check(List<Path> sources) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null, files, null, null, null, files.getJavaFileObjectsFromPaths(sources));
      Checked checked = new Checked(DocTrees.instance(task));
      for (CompilationUnitTree unit : task.parse()) {
        checked.scan(unit, null);
      }
      return checked;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static final class Checked extends TreePathScanner<@Nullable Void, @Nullable Void> {
    private final DocTrees docs;
    final List<String> missing = new ArrayList<>();
    int seen;

    Checked(DocTrees docs) {
      this.docs = docs;
    }

    @Override
    public @Nullable Void visitClass(ClassTree type, @Nullable Void none) {
      boolean constant = type.getSimpleName().isEmpty(); // with a body of its own
      if (constant || !isPublic(type.getModifiers())) {
        return null; // nobody reaches what is in it
      }
      require(type.getSimpleName().toString());
      return super.visitClass(type, null);
    }

    @Override
    public @Nullable Void visitMethod(MethodTree method, @Nullable Void none) {
      boolean constructor = method.getReturnType() == null;
      boolean ofException =
          constructor && enclosing().getSimpleName().toString().endsWith("Exception");
      boolean ofRecord = constructor && isCanonical(method);
      boolean overrides =
          method.getModifiers().getAnnotations().stream()
              .anyMatch(each -> each.getAnnotationType().toString().equals("Override"));
      if (isPublic(method.getModifiers()) && !overrides && !ofException && !ofRecord) {
        require(method.getName().toString());
      }
      return null;
    }

    private boolean isCanonical(MethodTree constructor) {
      ClassTree type = enclosing();
      long components =
          type.getMembers().stream().filter(member -> isComponent(type, member)).count();
      return type.getKind() == Tree.Kind.RECORD && constructor.getParameters().size() == components;
    }

    private static boolean isComponent(ClassTree type, Tree member) {
      return type.getKind() == Tree.Kind.RECORD
          && member instanceof VariableTree field
          && !field.getModifiers().getFlags().contains(Modifier.STATIC);
    }

    @Override
    public @Nullable Void visitBlock(BlockTree initializer, @Nullable Void none) {
      return null; // nobody reaches what is in it
    }

    @Override
    public @Nullable Void visitVariable(VariableTree field, @Nullable Void none) {
      if (isPublic(field.getModifiers()) && !isComponent(enclosing(), field)) {
        require(field.getName().toString());
      }
      return null;
    }

    private ClassTree enclosing() {
      return (ClassTree) getCurrentPath().getParentPath().getLeaf();
    }

    /** Members of an interface are public without the word. */
    private boolean isPublic(ModifiersTree modifiers) {
      TreePath parent = getCurrentPath().getParentPath();
      boolean inInterface =
          parent.getLeaf().getKind() == Tree.Kind.INTERFACE
              && !modifiers.getFlags().contains(Modifier.PRIVATE);
      return inInterface
          || modifiers.getFlags().contains(Modifier.PUBLIC)
          || modifiers.getFlags().contains(Modifier.PROTECTED);
    }

    private void require(String name) {
      seen++;
      if (docs.getDocComment(getCurrentPath()) == null) {
        Path file = Path.of(getCurrentPath().getCompilationUnit().getSourceFile().getName());
        missing.add(file.getFileName() + ": " + name);
      }
    }
  }
}
