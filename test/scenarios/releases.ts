import type { Changes } from "./state-repository.ts";

/** Of the package `web`, which every small platform of one package has. */
export const composeFile = "packages/web/compose.yaml";

/** A release with the one service `web/web`, which ends as soon as it is told to. */
export const oneService = `
-- ${composeFile} --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;

/** The change of a release that gives every service of its package `web` this image: `web:2`. */
export function useImage(tag: string): Changes {
  return { [composeFile]: (text) => text.replaceAll(/image: .*/g, `image: IMAGES/${tag}`) };
}
