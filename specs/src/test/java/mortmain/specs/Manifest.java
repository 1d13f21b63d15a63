package mortmain.specs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The lines of {@code tla/manifest.txt}, and the guards and actions that the modules themselves declare. */
final class Manifest {
  static final Path TLA = Path.of("tla");
  private static final Pattern GUARDS = Pattern.compile("\\(\\* GUARDS \\*\\)(.*?)\\(\\* END GUARDS \\*\\)", Pattern.DOTALL);
  private static final Pattern OPERATOR = Pattern.compile("^(\\w+)(?:\\([^)]*\\))?\\s*==", Pattern.MULTILINE);

  /** {@code constants}: overrides, {@code A=1;B={x,y}} or {@code -}. */
  record Model(String cfg, String module, String constants, long states) {}

  /** {@code idle}: the actions that this configuration never takes. */
  record Alive(Model small, Set<String> idle) {}

  record Reach(Model base, String invariant) {}

  record Mutant(String guard, Model base, String replacement, String property) {}

  final List<Model> models = new ArrayList<>();
  final List<Model> deep = new ArrayList<>();
  final List<Alive> alive = new ArrayList<>();
  final List<Reach> reaches = new ArrayList<>();
  final List<Mutant> mutants = new ArrayList<>();

  Manifest() {
    for (String line : text(TLA.resolve("manifest.txt")).lines().toList()) {
      String[] word = line.trim().split("\\s+", -1);
      switch (word[0]) {
        case "", "#" -> {}
        case "model" -> models.add(new Model(word[1], word[2], "-", Long.parseLong(word[3])));
        case "deep" -> deep.add(new Model(word[1], model(word[1]).module(), word[2], Long.parseLong(word[3])));
        case "alive" -> alive.add(new Alive(new Model(word[1], model(word[1]).module(), word[2], 0), set(word[3])));
        case "reach" -> reaches.add(new Reach(model(word[1]), word[2]));
        case "mutant" -> mutants.add(new Mutant(word[1], model(word[2]), word[3], word[4]));
        default -> throw new IllegalArgumentException("manifest: " + line);
      }
    }
  }

  private static Set<String> set(String words) {
    return words.equals("-") ? Set.of() : Set.of(words.split(",", -1));
  }

  private Model model(String cfg) {
    return models.stream()
        .filter(model -> model.cfg().equals(cfg))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("manifest: no model " + cfg));
  }

  /** Every operator between GUARDS and END GUARDS in any module. */
  static List<String> guards() {
    List<String> guards = new ArrayList<>();
    for (Path module : modules()) {
      Matcher block = GUARDS.matcher(text(module));
      while (block.find()) {
        Matcher operator = OPERATOR.matcher(block.group(1));
        while (operator.find()) {
          guards.add(operator.group(1));
        }
      }
    }
    return guards;
  }

  static List<Path> modules() {
    try (var files = Files.list(TLA)) {
      return files.filter(file -> file.toString().endsWith(".tla")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
