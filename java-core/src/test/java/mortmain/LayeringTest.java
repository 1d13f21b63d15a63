package mortmain;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who may import whom. A package that is not here yet passes; a package that is in no line of the table does not. */
final class LayeringTest {
  private static final String JACKSON = "com.fasterxml.jackson..";
  private static final String PY4J = "py4j..";

  /** Package -> the packages that it may use beside itself and the JDK. */
  private static final Map<String, List<String>> MAY_USE = Map.ofEntries(
      Map.entry("mortmain.model..", List.of()),
      Map.entry("mortmain.disk..", List.of()),
      Map.entry("mortmain.fence..", List.of("mortmain.model..")),
      Map.entry("mortmain.value..", List.of("mortmain.model..", JACKSON)),
      Map.entry("mortmain.journal..", List.of("mortmain.disk..")),
      Map.entry("mortmain.engine..", List.of("mortmain.model..", "mortmain.fence..")),
      Map.entry("mortmain.mirror..", List.of("mortmain.model..", "mortmain.disk..")),
      Map.entry(
          "mortmain.file..",
          List.of("mortmain.engine..", "mortmain.fence..", "mortmain.model..", "mortmain.value..", "mortmain.journal..", "mortmain.disk..", "mortmain.mirror..")),
      Map.entry("mortmain", List.of("mortmain.model..", "mortmain.engine..", "mortmain.fence..")),
      Map.entry("mortmain.gateway..", List.of("mortmain", "mortmain.model..", PY4J, JACKSON, "jep..", "jdk.net..")));

  private static final JavaClasses MAIN =
      new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("mortmain");

  private static ArchRule rule(String name, List<String> mayUse) {
    List<String> allowed = new ArrayList<>(mayUse);
    allowed.add(name);
    allowed.add("java..");
    allowed.add("javax.."); // javax.crypto and the like: the JDK's
    return classes()
        .that(resideInAPackage(name))
        .should()
        .onlyDependOnClassesThat(resideInAnyPackage(allowed.toArray(String[]::new)))
        .allowEmptyShould(true);
  }

  @Test
  void everyPackageImportsOnlyWhatItMay() {
    MAY_USE.forEach((name, mayUse) -> rule(name, mayUse).check(MAIN));
  }

  @Test
  void nothingImportsTheGateway() {
    noClasses()
        .that(not(resideInAPackage("mortmain.gateway..")))
        .should()
        .dependOnClassesThat(resideInAPackage("mortmain.gateway.."))
        .allowEmptyShould(true)
        .check(MAIN);
  }

  @Test
  void noPackageIsForgotten() {
    assertFalse(MAIN.isEmpty(), "no class was found: every rule would pass");
    Set<String> known = MAY_USE.keySet().stream().map(name -> name.replace("..", "")).collect(Collectors.toSet());
    Set<String> layers = new TreeSet<>();
    for (JavaClass type : MAIN) {
      layers.add(Stream.of(type.getPackageName().split("\\.")).limit(2).collect(Collectors.joining(".")));
    }
    layers.removeAll(known);
    assertEquals(Set.of(), layers);
  }

  /** Imports this test itself, which uses JUnit and ArchUnit, as if it were a layer. */
  @Test
  void aForeignImportIsNoticed() {
    JavaClasses self = new ClassFileImporter().importClasses(LayeringTest.class);
    AssertionError error = assertThrows(AssertionError.class, () -> rule("mortmain", List.of()).check(self));
    assertTrue(error.getMessage().contains("com.tngtech.archunit"), error.getMessage());
  }
}
