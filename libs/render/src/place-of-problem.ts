import {
  type Located,
  type Package,
  type Problem,
  type RenderedInstance,
  type Repository,
  decodeText,
  keyPath,
  problemAt,
  problemOf,
} from "@keelson/model";
import { isMap, isNode, isScalar, isSeq, parseDocument } from "yaml";

interface PlacelessProblem {
  code: string;
  message: string;
  hint: string;
}

/** A problem of an instance's package.yaml; without the repository it has only the key, not its line. */
export function packageProblem(
  context: { instance: RenderedInstance; repository: Repository | undefined },
  found: PlacelessProblem & { path: readonly (string | number)[]; part: "key" | "value" },
): Problem {
  const { code, message, hint, part } = found;
  const path = keyPath(found.path);
  const document = findPackageDocument(context.instance, context.repository);
  return document === undefined
    ? { ...problemOf(`${context.instance.package.folder}/package.yaml`, { code, message, hint }), path }
    : problemAt(document, { code, path, message, hint, part });
}

/** A problem of a key of environment.yaml; without the repository it has only the key, not its line. */
export function environmentProblem(
  { environment, repository }: { environment: string; repository: Repository | undefined },
  { path, code, message, hint }: PlacelessProblem & { path: readonly (string | number)[] },
): Problem {
  const document = repository?.environments.get(environment)?.environment;
  const at = keyPath(path);
  const file = `environments/${environment}/environment.yaml`;
  return document === undefined
    ? { ...problemOf(file, { code, message, hint }), path: at }
    : problemAt(document, { code, path: at, message, hint, part: "key" });
}

function findPackageDocument(
  { package: { folder } }: RenderedInstance,
  repository: Repository | undefined,
): Located<Package> | undefined {
  const packages = [...(repository?.releases.values() ?? [])].flatMap((release) => [
    ...release.packages.values(),
  ]);
  return packages.find((each) => each.folder === folder)?.package;
}

/** A problem of an instance's Compose file, at the deepest key of the path that the file itself contains. */
export function composeProblem(
  instance: RenderedInstance,
  found: PlacelessProblem & { path: readonly (string | number)[] },
): Problem {
  const { code, message, hint } = found;
  const {
    folder,
    composeFiles: [composeFile],
    packageFiles,
  } = instance.compose;
  const file = `${folder}/${composeFile}`;
  const source = packageFiles.find((each) => each.path === file);
  const problem = { ...problemOf(file, { code, message, hint }), path: keyPath(found.path) };
  if (source === undefined) return problem;
  const text = decodeText(source.bytes);
  const offset = findKey(text, found.path);
  const before = text.slice(0, offset).split("\n");
  const line = before.length;
  const sourceLine = text.split("\n")[line - 1];
  return {
    ...problem,
    line,
    column: (before.at(-1)?.length ?? 0) + 1,
    ...(sourceLine === undefined ? {} : { sourceLine }),
  };
}

/** Offset of the deepest key or entry of a path that a YAML document has; 0 when it has none of them. */
function findKey(text: string, path: readonly (string | number)[]): number {
  const document = parseDocument(text, { logLevel: "silent" });
  let node: unknown = document.contents;
  let offset = 0;
  for (const segment of path) {
    if (isSeq(node)) {
      node = typeof segment === "number" ? node.items[segment] : undefined;
      offset = isNode(node) ? (node.range?.[0] ?? offset) : offset;
      continue;
    }
    if (!isMap(node)) break;
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === segment);
    if (pair === undefined || !isScalar(pair.key)) break;
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}
