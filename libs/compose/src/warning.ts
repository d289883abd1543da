import { type ComposeInput, type Problem, isJsonObject, sortProblems, withoutRepeats } from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import { servicesOf } from "./extends-chain.ts";
import type { Participants } from "./participant.ts";
import { isInactive } from "./profile.ts";
import { shown } from "./rule.ts";
import { isRenewing } from "./rules/policy.ts";
import { findUnknownProfiles } from "./unknown-profile.ts";

/**
 * What the files say and Keelson does otherwise: K1443 for a build beside an image, K1444 for a pull between commits. And K1334 for
 * profiles of `.env` that no service has.
 */
export function findWarnings({ composeFiles }: Participants, input: ComposeInput): Problem[] {
  const { images, profiles } = input;
  const replaced = new Set(images.map(({ service }) => service));
  const found = composeFiles.flatMap((participant) =>
    Object.entries(servicesOf(participant)).flatMap(([name, service]) => {
      const { document } = participant;
      const at = ["services", name];
      if (!isJsonObject(service) || isInactive(document.root.value, { path: at, profiles })) return [];
      const { image = null, pull_policy: policy = null } = service;
      return [
        ...(document.built.has(name) && image !== null && !replaced.has(name)
          ? [problemAt(document, ignoredBuild(at, shown(image)))]
          : []),
        ...(isRenewing(policy) ? [problemAt(document, quietPull(at, shown(policy)))] : []),
      ];
    }),
  );
  return withoutRepeats(sortProblems([...found, ...findUnknownProfiles(composeFiles, input).written]));
}

function ignoredBuild(at: readonly string[], image: string): Finding {
  return {
    code: "K1443",
    path: [...at, "build"],
    message: `nodes build nothing: the image ${image} is taken as it is published`,
    hint: "Publish the image before the commit that names it.",
  };
}

function quietPull(at: readonly string[], policy: string): Finding {
  return {
    code: "K1444",
    path: [...at, "pull_policy"],
    message: `pull_policy: ${policy} has no effect: an image is pulled when a commit names it, and not again`,
    hint: "Name a new tag or digest in a commit to bring a new image.",
  };
}
