package mortmain.specs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every line of the manifest is a test: what holds holds, and what guards it is needed. */
class ModelsTest {
  private final Manifest manifest = new Manifest();

  /** All properties hold, in as many states as ever. */
  @TestFactory
  Stream<DynamicTest> models() {
    return manifest.models.stream().map(model -> dynamicTest(model.cfg(), () -> holds(model, model.cfg())));
  }

  @TestFactory
  Stream<DynamicTest> deepModels() {
    boolean deep = Boolean.getBoolean("mortmain.specs.deep");
    return (deep ? manifest.deep : List.<Manifest.Model>of())
        .stream().map(model -> dynamicTest(model.cfg() + " " + model.constants(), () -> holds(model, model.cfg() + "-deep", "-workers", "2")));
  }

  private static void holds(Manifest.Model model, String name, String... options) throws Exception {
    Tlc.Result result = Tlc.run(name, false, model.module(), cfg(model), options);
    assertEquals(Tlc.FINE, result.exit(), () -> name + ": " + result.output());
    assertEquals(model.states(), result.states(), () -> name + ": distinct states");
  }

  /** No action is dead, even in small bounds, but those that the configuration leaves out. */
  @TestFactory
  Stream<DynamicTest> alive() {
    return manifest.alive.stream().map(alive -> dynamicTest(alive.small().cfg(), () -> {
      Tlc.Result result = Tlc.run("alive-" + alive.small().cfg(), true, alive.small().module(), cfg(alive.small()), "-coverage", "1");
      Set<String> idle = new TreeSet<>(result.taken().keySet());
      idle.removeIf(action -> result.taken().get(action) > 0);
      assertEquals(new TreeSet<>(alive.idle()), idle, () -> alive + ": actions that are never taken");
    }));
  }

  /** What must be reachable is: a model that cannot get there proves nothing. */
  @TestFactory
  Stream<DynamicTest> reachable() {
    return manifest.reaches.stream().map(reach -> dynamicTest(reach.invariant(), () -> {
      String cfg = cfg(reach.base()) + "\nINVARIANT " + reach.invariant() + "\n";
      Tlc.Result result = Tlc.run("reach-" + reach.invariant(), true, reach.base().module(), cfg);
      assertEquals(reach.invariant(), result.violated(), () -> reach + ": " + result.output());
      assertEquals(Tlc.INVARIANT, result.exit(), reach::toString);
    }));
  }

  /** The same modules with one guard always true break the property that the guard is there for. */
  @TestFactory
  Stream<DynamicTest> mutants() {
    return manifest.mutants.stream().map(mutant -> dynamicTest(mutant.guard(), () -> {
      String cfg = cfg(mutant.base()) + "\nCONSTANT " + mutant.guard() + " <- " + mutant.replacement() + "\n";
      Tlc.Result result = Tlc.run("mutant-" + mutant.guard(), true, mutant.base().module(), cfg);
      String expected = mutant.property();
      assertTrue(result.exit() == Tlc.INVARIANT || result.exit() == Tlc.PROPERTY, () -> mutant + ": " + result.output());
      assertEquals(expected, result.violated(), () -> mutant + ": " + result.output());
    }));
  }

  @Test
  void everyGuardHasAMutant() {
    Set<String> tested = new HashSet<>();
    manifest.mutants.forEach(mutant -> assertTrue(tested.add(mutant.guard()), () -> mutant.guard() + " is there twice"));
    assertEquals(new TreeSet<>(Manifest.guards()), new TreeSet<>(tested));
  }

  @Test
  void everyGuardIsMappedToTheCode() {
    String readme = Manifest.text(Path.of("README.md"));
    for (String guard : Manifest.guards()) {
      assertTrue(readme.matches("(?s).*\\n\\|[^|]*\\b" + guard + "\\b[^|]*\\|.*"), () -> guard + " is not in README.md");
    }
  }

  @Test
  void everyActionIsTakenInSomeModel() {
    Map<String, Set<String>> idle = new HashMap<>();
    manifest.models.forEach(model -> idle.put(model.module(), null));
    manifest.alive.forEach(alive -> idle.merge(alive.small().module(), new TreeSet<>(alive.idle()), (a, b) -> {
      a.retainAll(b);
      return a;
    }));
    idle.forEach((module, actions) -> assertEquals(Set.of(), actions, () -> module + ": never taken in any model"));
  }

  private static String cfg(Manifest.Model model) {
    String cfg = Manifest.text(Manifest.TLA.resolve(model.cfg() + ".cfg"));
    for (String constant : model.constants().equals("-") ? new String[0] : model.constants().split(";", -1)) {
      String name = constant.substring(0, constant.indexOf('='));
      String changed = cfg.replaceFirst("(?m)^(\\s*" + name + " = ).*$", "$1" + Matcher.quoteReplacement(constant.substring(name.length() + 1)));
      assertTrue(cfg.contains(" " + name + " = "), () -> model + ": no constant " + name);
      cfg = changed;
    }
    return cfg;
  }
}
