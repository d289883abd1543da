/** The error that a step throws; null when it throws none. */
export async function errorOf(step: () => Promise<void>): Promise<unknown> {
  try {
    await step();
    return null;
  } catch (error) {
    return error;
  }
}
