import Docker from "dockerode";

import type { EngineSocket } from "./docker-host.ts";
import { makeDial } from "./transport.ts";

/**
 * The client library with our way of sending. It puts names into paths as they are, so they are encoded here; and it
 * reads nothing of the environment, where DOCKER_HOST would win over our address.
 */
export class EngineClient extends Docker {
  constructor(address: EngineSocket) {
    const options = { ...address, modem: { dial: makeDial(address) } };
    super(options);
  }

  override getContainer(id: string): Docker.Container {
    return super.getContainer(encodeURIComponent(id));
  }

  override getExec(id: string): Docker.Exec {
    return super.getExec(encodeURIComponent(id));
  }

  override getImage(reference: string): Docker.Image {
    return super.getImage(encodeURIComponent(reference));
  }

  override getNetwork(id: string): Docker.Network {
    return super.getNetwork(encodeURIComponent(id));
  }

  override getVolume(name: string): Docker.Volume {
    return super.getVolume(encodeURIComponent(name));
  }
}
