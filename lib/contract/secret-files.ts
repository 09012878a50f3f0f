/**
 * Secrets from files, as container platforms mount them: `GATEHOUSE_SECRET_FILE=/run/secrets/secret` stands for
 * GATEHOUSE_SECRET with the content of that file. Both processes read them alike; the reading itself comes from outside.
 */

export const SECRET_VARIABLES = [
  'DATABASE_URL',
  'GATEHOUSE_SECRET',
  'GATEHOUSE_ADMIN_PASSWORD',
  'GATEHOUSE_ADMIN_TOKEN',
  'GATEHOUSE_GATEWAY_TOKEN',
  'GATEHOUSE_METRICS_TOKEN',
] as const

/** The message is one sentence for the operator and repeats no secret. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError'
}

type Env = Readonly<Record<string, string | undefined>>

/** The environment with the content of each named file in the place of its name. @throws SecretFileError */
export function withSecretFiles<T extends Env>(env: T, read: (file: string) => string): T {
  const result: Record<string, string | undefined> = { ...env }
  for (const name of SECRET_VARIABLES) {
    const file = env[`${name}_FILE`]
    // Whoever starts from this environment has the secret itself: named twice, it would be refused.
    delete result[`${name}_FILE`]
    if (!file) continue
    if (env[name]) throw new SecretFileError(`${name} and ${name}_FILE are both set: keep one of them.`)
    let content: string
    try {
      content = read(file).trim()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new SecretFileError(`${name}_FILE names ${file}, which cannot be read (${code ?? 'unknown'}).`)
    }
    if (content === '') throw new SecretFileError(`${name}_FILE names ${file}, which is empty.`)
    result[name] = content
  }
  return result as T
}
