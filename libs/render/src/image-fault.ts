import { type PackageIdentity, type Problem, imageLockFile } from "@keelson/model";

import { type FaultContext, sourcesOf } from "./fault-context.ts";
import { composeProblem } from "./place-of-problem.ts";

/** K1313: a tag can be moved after the review. The policy demands what cannot: a digest, or a tag that is locked to one. */
export function findUnpinnedImages(context: FaultContext): Problem[] {
  const { requireDigests, environment } = context.rendered;
  if (!requireDigests) return [];
  return unlockedOf(context).map(({ instance, source, name, image }) =>
    composeProblem(source, {
      code: "K1313",
      path: ["services", name, "image"],
      message: `${instance.project}/${name} runs ${image} without a digest, which environment ${environment} requires`,
      hint: `${howToLock(source.package)} Or name the image as ${image}@sha256:…, or set policy.requireDigests: false.`,
    }),
  );
}

/** K1453, a warning: whoever locks images means all of them, and a lock that is older than the Compose file lacks some. */
export function findUnlockedImages(context: FaultContext): Problem[] {
  // There K1313 says it.
  if (context.rendered.requireDigests) return [];
  return unlockedOf(context).flatMap(({ instance, source, name, image }) =>
    source.imageLock === undefined
      ? []
      : composeProblem(source, {
          code: "K1453",
          path: ["services", name, "image"],
          message: `${instance.project}/${name} runs ${image}, which ${source.imageLock.file} does not lock`,
          hint: howToLock(source.package),
        }),
  );
}

function unlockedOf(context: FaultContext) {
  return sourcesOf(context).flatMap(({ instance, source }) =>
    instance.services
      .filter(({ image, lockedImage }) => lockedImage === undefined && !/@sha256:[0-9a-f]{64}$/.test(image))
      .map(({ name, image }) => ({ instance, source, name, image })),
  );
}

function howToLock({ reference, releaseVersion }: PackageIdentity): string {
  if (releaseVersion === undefined)
    return `Run keelson release lock ${reference}, and commit its ${imageLockFile}.`;
  const [release = ""] = reference.split("/");
  return `Run keelson release lock ${release}@${releaseVersion} before it is published; a published one needs a new version.`;
}
