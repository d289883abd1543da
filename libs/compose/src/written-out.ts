import { type Json, ownOf } from "@keelson/model";

import { type ServiceOf, servicesOf, withBases } from "./extends-chain.ts";
import type { Participants } from "./participant.ts";
import { filledLengthOf } from "./plain-file.ts";
import { type Amount, amountOf } from "./service-amount.ts";

/** Compose does some work for each step of a chain, however little stands there. */
const bytesOfStep = 256;
const maxSteps = 64;

/** What a service is with all that it extends; Compose reads the file of each base anew. */
export function newWriting(read: Participants): (start: ServiceOf) => Amount {
  const own = new Map<Json, Amount>();
  const readOf = newReading(read);
  const ownAmountOf = ({ participant, name }: ServiceOf): Amount => {
    const service = ownOf(servicesOf(participant), name) ?? null;
    const known = own.get(service);
    if (known !== undefined) return known;
    const amount = amountOf(service, participant.variables);
    amount.bytes += bytesOfStep + readOf({ participant, name });
    own.set(service, amount);
    return amount;
  };
  return (start) => {
    const sum: Amount = { bytes: 0, ports: 0, containers: 1 };
    let steps = 0;
    for (const at of withBases(read.composeFiles, start)) {
      const amount = ownAmountOf(at);
      sum.bytes +=
        amount.bytes + (at.participant === start.participant ? 0 : at.participant.document.sizeBytes);
      sum.ports += amount.ports;
      sum.containers = Math.max(sum.containers, amount.containers);
      steps += 1;
      if (steps > maxSteps) return { ...sum, bytes: Infinity };
    }
    return sum;
  };
}

/** How much a service reads of other files, with their variables; each file is measured once. */
function newReading(read: Participants): (service: ServiceOf) => number {
  const lengths = new Map<string, number>();
  const readLengths = new Map<string, number>();
  const placeOf = (file: string, [, name = ""]: readonly string[]) => JSON.stringify([file, name]);
  for (const plain of read.plainFiles) {
    const key = JSON.stringify([plain.path, plain.raw]);
    const length = lengths.get(key) ?? filledLengthOf(plain, read.variables);
    lengths.set(key, length);
    const place = placeOf(plain.namedBy.participant.document.file, plain.namedBy.path);
    readLengths.set(place, (readLengths.get(place) ?? 0) + length);
  }
  return ({ participant, name }) =>
    readLengths.get(placeOf(participant.document.file, ["services", name])) ?? 0;
}
