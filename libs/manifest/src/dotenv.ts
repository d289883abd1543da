import {
  type Problem,
  type SourceFile,
  decodeText,
  isReservedVariable,
  isSealed,
  problemOf,
  quote,
  statementsOf,
  withDotenv,
  ownOf,
} from "@keelson/model";

/** What a committed `.env` says: the names that it declares, and what of it is meant for Compose itself. */
export interface Dotenv {
  file: SourceFile;
  names: readonly string[];
  /** `COMPOSE_FILE`, split; null where it is not set. */
  composeFiles: { paths: readonly string[]; line: number } | null;
  profiles: readonly string[];
}

interface Assignment {
  name: string;
  value: string;
  line: number;
}

const honoured = ["COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"];

/** Reads a `.env` by the rules of Compose, with K1126 for each variable that would steer it and K1128 for a project's name. */
export function readDotenv(file: SourceFile): { dotenv: Dotenv; problems: Problem[]; warnings: Problem[] } {
  const text = decodeText(file.bytes);
  const values = dotenvVariables(file);
  const assignments = [...statementsOf(text)].map(({ key, line }): Assignment => {
    return { name: key, value: ownOf(values, key) ?? "", line };
  });
  const last = new Map(assignments.map((each) => [each.name, each]));
  const at = (assignment: Assignment, finding: { code: string; message: string; hint: string }): Problem => {
    const sourceLine = (text.split("\n")[assignment.line - 1] ?? "").replace(/\r$/, "");
    return { ...problemOf(file.path, finding), line: assignment.line, path: assignment.name, sourceLine };
  };
  const steering = assignments.filter(({ name }) => isReservedVariable(name) && !honoured.includes(name));
  const project = last.get("COMPOSE_PROJECT_NAME");
  const composeFile = last.get("COMPOSE_FILE");
  const separator = last.get("COMPOSE_PATH_SEPARATOR")?.value ?? ":";
  return {
    dotenv: {
      file,
      names: [...last.keys()].filter((name) => !honoured.includes(name)),
      composeFiles:
        composeFile === undefined || composeFile.value === "" || isSealed(composeFile.value)
          ? null
          : { paths: splitBy(composeFile.value, separator), line: composeFile.line },
      profiles: splitBy(last.get("COMPOSE_PROFILES")?.value ?? "", ","),
    },
    problems: steering.map((assignment) =>
      at(assignment, {
        code: "K1126",
        message: `${assignment.name} would steer Compose or the engine on the node`,
        hint: `Remove it. Of this kind ${honoured.slice(0, 3).join(", ")} are read; a variable of your own needs another name.`,
      }),
    ),
    warnings:
      project === undefined
        ? []
        : [
            at(project, {
              code: "K1128",
              message: `nothing reads COMPOSE_PROJECT_NAME here: the environment says what a project is called`,
              hint: `To keep the name, give the instance project: ${project.value === "" ? "<name>" : quote(project.value).replaceAll("`", "")} in environment.yaml.`,
            }),
          ],
  };
}

/** What a `.env` gives its variables; none where there is none, or it is refused for its length. */
export function dotenvVariables(file: SourceFile | undefined): Readonly<Record<string, string>> {
  return (file === undefined ? null : withDotenv(decodeText(file.bytes), {})) ?? {};
}

function splitBy(text: string, separator: string): string[] {
  return text.split(separator).flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
}
