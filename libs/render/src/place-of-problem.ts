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
import { type Document, isMap, isNode, isScalar, isSeq, parseAllDocuments } from "yaml";

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
  return repository?.packages.find((each) => each.folder === folder)?.package;
}

/**
 * A problem of an instance's Compose files, at the deepest key of the path that one of them has: of several the last, which is
 * merged over the others.
 */
export function composeProblem(
  instance: RenderedInstance,
  found: PlacelessProblem & { path: readonly (string | number)[] },
): Problem {
  const { code, message, hint } = found;
  const { folder, composeFiles, packageFiles } = instance.compose;
  const paths = composeFiles.map((file) => pathFrom(folder, file));
  const places = packageFiles
    .filter(({ path }) => paths.includes(path))
    .sort((a, b) => paths.indexOf(b.path) - paths.indexOf(a.path))
    .map(({ path, bytes }) => {
      const text = decodeText(bytes);
      return { path, text, ...findKey(text, found.path) };
    });
  const deepest = places.reduce<(typeof places)[number] | undefined>(
    (best, place) => (best === undefined || place.depth > best.depth ? place : best),
    undefined,
  );
  const [first = folder] = paths;
  const problem = {
    ...problemOf(deepest?.path ?? first, { code, message, hint }),
    path: keyPath(found.path),
    instances: [instance.name],
  };
  if (deepest === undefined) return problem;
  const before = deepest.text.slice(0, deepest.offset).split("\n");
  const line = before.length;
  const sourceLine = deepest.text.split("\n")[line - 1];
  return {
    ...problem,
    line,
    column: (before.at(-1)?.length ?? 0) + 1,
    ...(sourceLine === undefined ? {} : { sourceLine }),
  };
}

/** A path from a folder of the repository, which may climb out of it. */
export function pathFrom(folder: string, file: string): string {
  const segments = folder.split("/");
  for (const segment of file.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== ".") segments.push(segment);
  }
  return segments.join("/");
}

interface KeyPlace {
  offset: number;
  depth: number;
}

/** Offset of the deepest key or entry of a path that the YAML documents of a text have, and how deep that is; 0 when they have none. */
function findKey(text: string, path: readonly (string | number)[]): KeyPlace {
  const found = [...parseAllDocuments(text, { logLevel: "silent" })].map((document) =>
    findKeyIn(document, path),
  );
  // Of several the last, which is merged over the others.
  return found.reduce<KeyPlace>((best, place) => (place.depth >= best.depth ? place : best), {
    offset: 0,
    depth: 0,
  });
}

function findKeyIn(document: Document, path: readonly (string | number)[]): KeyPlace {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [depth, segment] of path.entries()) {
    if (isSeq(node)) {
      node = typeof segment === "number" ? node.items[segment] : undefined;
      if (!isNode(node)) return { offset, depth };
      offset = node.range?.[0] ?? offset;
      continue;
    }
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && key.value === segment)
      : undefined;
    if (pair === undefined || !isScalar(pair.key)) return { offset, depth };
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return { offset, depth: path.length };
}
