export { makeAgeKey, readRecipient } from "./age-key.ts";
export { closedSecrets } from "./closed-secrets.ts";
export { newValueFilter } from "./hidden-value.ts";
export { openKeylessSecrets, openSecrets } from "./node-secrets.ts";
export type { SecretsInput } from "./node-secrets.ts";
export { openSealedValue, rotateSealed, sealPlainFile, sealValues, sealVariables } from "./sealing.ts";
export type { OpenableFile } from "./sealing.ts";
export { countSecrets } from "./secrets-file.ts";
