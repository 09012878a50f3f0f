/** An error whose message is a whole sentence for the operator: printed alone, without a stack. */
export class UserError extends Error {
  override name = 'UserError'
}

/** What to print for whatever was thrown: a UserError's sentence alone, anything else with its stack. */
export function errorText(error: unknown): string {
  if (error instanceof UserError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
