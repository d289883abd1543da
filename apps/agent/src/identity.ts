import { ageKeyPath, makeAgeKey, readAgentConfig, readRecipient } from "@keelson/node";

/** Prints `age1…`, for keys.age in the node's file. Throws what agent.yaml and the key's file throw. */
export async function identity(configFile: string): Promise<0> {
  const path = ageKeyPath(readAgentConfig(configFile));
  await makeAgeKey(path);
  process.stdout.write(`${await readRecipient(path)}\n`);
  return 0;
}
