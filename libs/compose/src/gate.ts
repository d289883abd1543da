import { type ComposeInput, type Problem, decodeText, sortProblems, withoutRepeats } from "@keelson/model";
import { LineCounter, isMap, isScalar, parseDocument } from "yaml";

import { problemAt } from "./compose-document.ts";
import { findExcess } from "./excess.ts";
import { findServiceRefusals } from "./extends-chain.ts";
import { type Participants, findParticipants } from "./participants.ts";
import { findForeignValues } from "./plain-file.ts";
import { findFaults, referenceOf } from "./ungranted.ts";
import { findUndeclared, isReservedVariable, reservedHint } from "./variables.ts";

/**
 * All that Keelson refuses in the Compose files of an instance, judged on the text before Compose reads it: codes K1401
 * to K1418, K1424 and K1427 to K1431, sorted. Reads nothing but its input. What reaches the host is refused unless the
 * environment grants it.
 */
export function gateCompose(input: ComposeInput): Problem[] {
  return judgeCompose(input).problems;
}

/** The problems, and the files that take part: Compose is given these and no others. */
export function judgeCompose(input: ComposeInput): Participants {
  const { composeFiles, plainFiles, problems } = findParticipants(input);
  const excess = findExcess({ composeFiles, plainFiles }, input);
  // The other rules do not run on files that are too large for them.
  if (excess.length > 0)
    return { composeFiles, plainFiles, problems: sortProblems([...problems, ...excess]) };
  const variables = new Set(Object.keys(input.variables));
  const found = [
    ...problems,
    ...composeFiles.flatMap(({ document, folder }) =>
      findFaults(document.root.value, {
        context: {
          project: input.project,
          stage: "file",
          folder,
          boundPaths: input.boundPaths,
          variables: input.variables,
        },
        allow: input.allow,
        reference: referenceOf(input),
      }).map((finding) => problemAt(document, finding)),
    ),
    ...findServiceRefusals(composeFiles).map(({ participant, finding }) =>
      problemAt(participant.document, finding),
    ),
    ...plainFiles.flatMap((plain) => findForeignValues(plain, variables)),
    ...findUndeclared(composeFiles, input),
    ...findReservedVariables(input),
  ];
  // A file that takes part in two ways is judged in both.
  return { composeFiles, plainFiles, problems: withoutRepeats(sortProblems(found)) };
}

/** K1412 in package.yaml, where the variables are declared. */
function findReservedVariables(input: ComposeInput): Problem[] {
  const file = `${input.folder}/package.yaml`;
  return Object.keys(input.variables)
    .filter((name) => isReservedVariable(name))
    .map((name) => ({
      code: "K1412",
      file,
      ...declarationOf(name, input.packageFiles.find(({ path }) => path === file)?.bytes),
      path: `variables.${name}`,
      message: `the variable ${name} has a meaning for Compose itself`,
      hint: reservedHint,
    }));
}

function declarationOf(name: string, packageYaml: Uint8Array | undefined) {
  if (packageYaml === undefined) return { line: 1, column: 1 };
  const lineCounter = new LineCounter();
  const text = decodeText(packageYaml);
  const variables = parseDocument(text, { lineCounter, prettyErrors: false }).get("variables");
  const pair = isMap(variables)
    ? variables.items.find(({ key }) => isScalar(key) && key.value === name)
    : undefined;
  const offset = (isScalar(pair?.key) ? pair.key.range?.[0] : undefined) ?? 0;
  const { line, col } = lineCounter.linePos(offset);
  return { line, column: col, sourceLine: text.split("\n")[line - 1] ?? "" };
}
