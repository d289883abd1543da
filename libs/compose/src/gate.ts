import {
  type ComposeInput,
  type Problem,
  decodeText,
  sortProblems,
  withoutRepeats,
  isReservedVariable,
} from "@keelson/model";
import { LineCounter, isMap, isScalar, parseDocument } from "yaml";

import { type Finding, problemAt } from "./compose-document.ts";
import { findExcess } from "./excess.ts";
import { findServiceRefusals, usedServices } from "./extends-chain.ts";
import { knownTo } from "./known-name.ts";
import { joinPath } from "./local-path.ts";
import type { Participant, Participants } from "./participant.ts";
import { findParticipants } from "./participants.ts";
import { findForeignValues } from "./plain-file.ts";
import { referenceOf } from "./package-reference.ts";
import { isInactive } from "./profile.ts";
import { findUnknownProfiles } from "./unknown-profile.ts";
import { findUnknownImages } from "./published-image.ts";
import type { RuleContext } from "./rule.ts";
import { findMisplacedSecrets, findSealedFiles } from "./secret-place.ts";
import { findFaults } from "./ungranted.ts";
import { findUndeclared, reservedHint } from "./variables.ts";

/**
 * All that Keelson refuses in the Compose files of an instance, judged on the text before Compose reads it: codes K1334, K1401
 * to K1418, K1424, K1427 to K1431 and K1442, sorted. Reads nothing but its input. What reaches the host is refused unless the
 * environment grants it.
 */
export function gateCompose(input: ComposeInput): Problem[] {
  return judgeCompose(input).problems;
}

/** The problems, and the files that take part: Compose is given these and no others. */
export function judgeCompose(input: ComposeInput): { participants: Participants; problems: Problem[] } {
  const { participants, problems } = findParticipants(input);
  const { composeFiles, plainFiles } = participants;
  const excess = findExcess(participants);
  // The other rules do not run on files that are too large for them.
  if (excess.length > 0) return { participants, problems: sortProblems([...problems, ...excess]) };
  const context = contextOf(participants, input);
  const isUsed = usedServices(composeFiles);
  const found = [
    ...problems,
    ...composeFiles.flatMap((participant) =>
      judgeFile(participant, { input, context, isUsed }).map((finding) =>
        problemAt(participant.document, finding),
      ),
    ),
    ...findServiceRefusals(composeFiles, input).map(({ participant, finding }) =>
      problemAt(participant.document, finding),
    ),
    ...plainFiles.flatMap((plain) =>
      findForeignValues(plain, { known: knownTo(plain, participants), reach: input.reach }),
    ),
    ...findUndeclared(participants, input),
    ...findMisplacedSecrets(participants),
    ...findSealedFiles(participants, input),
    ...findReservedVariables(input),
    ...findUnknownImages(composeFiles, input),
    ...findUnknownProfiles(composeFiles, input).said,
  ];
  // A file that takes part in two ways is judged in both.
  return { participants, problems: withoutRepeats(sortProblems(found)) };
}

/** What is refused in one file, but for services that nobody runs: what of them counts after all is judged in the model. */
function judgeFile(
  participant: Participant,
  {
    input,
    context,
    isUsed,
  }: { input: ComposeInput; context: ReturnType<typeof contextOf>; isUsed: ReturnType<typeof usedServices> },
): Finding[] {
  const { document, folder, variables } = participant;
  return findFaults(document.root.value, {
    context: { ...context, stage: "file", folder, variables },
    allow: input.allow,
    reference: referenceOf(input),
  })
    .filter(({ path }) => !isInactive(document.root.value, { path, profiles: input.profiles }))
    .filter(
      ({ path: [section, name] }) =>
        section !== "services" || name === undefined || isUsed(participant, name),
    );
}

/** What the rules know of the instance. */
export function contextOf(
  { projectFolder }: Participants,
  { project, reach, boundPaths }: ComposeInput,
): Pick<RuleContext, "project" | "reach" | "boundPaths"> {
  return { project, reach, boundPaths: boundPaths.map((to) => joinPath(projectFolder, to)) };
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
