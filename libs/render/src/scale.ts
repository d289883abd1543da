import {
  type ComposeModel,
  type ComposeService,
  type Problem,
  type RenderedInstance,
  type Repository,
  hintFor,
  mapValues,
  quote,
} from "@keelson/model";

import { environmentProblem } from "./place-of-problem.ts";

/** The model with as many containers of a service as the environment says. */
export function withScale(model: ComposeModel, scale: RenderedInstance["scale"]): ComposeModel {
  const withCount = (service: ComposeService, count: number): ComposeService => ({
    ...service,
    scale: count,
    // Compose refuses two that differ.
    ...(service.deploy?.replicas === undefined ? {} : { deploy: { ...service.deploy, replicas: count } }),
  });
  return {
    ...model,
    services: mapValues(model.services, (service, name) => {
      const count = Object.hasOwn(scale, name) ? scale[name] : undefined;
      return count === undefined ? service : withCount(service, count);
    }),
  };
}

/** A `scale` of a service that the Compose file does not have. */
export function findScaleFaults(context: {
  instance: RenderedInstance;
  model: ComposeModel;
  environment: string;
  repository: Repository | undefined;
}): Problem[] {
  const { instance, model } = context;
  const known = Object.keys(model.services);
  return Object.keys(instance.scale)
    .filter((service) => !known.includes(service))
    .map((service) =>
      environmentProblem(context, {
        code: "K1338",
        path: ["instances", instance.name, "scale", service],
        message: `instance ${instance.name} has no service ${quote(service)} to scale`,
        hint: hintFor(service, { known, as: "its services" }) ?? "Take the line away.",
      }),
    );
}
