/** The version of Keelson: CLI and agent are released together, and a release says which agents can apply it. */
export const keelsonVersion = "0.1.0";

/**
 * Raised whenever the gate on Compose files refuses more than before: what a record remembers as resolved was judged by
 * the rules of then, and is judged again.
 */
export const gateGeneration = 2;
