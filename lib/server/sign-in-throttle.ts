import 'server-only'
import { db } from './db.ts'

interface Rule {
  readonly subject: string
  /** Failures without a delay. */
  readonly free: number
  readonly maxDelaySeconds: number
}

/** Failures older than this no longer count. */
const FORGET_SECONDS = 3_600

/**
 * Per account and address the delay doubles up to 15 minutes. Over all addresses an account is slowed by at most 30 s,
 * so that a stranger cannot lock its owner out; an address that tries many accounts is slowed as one.
 */
function rulesFor(email: string, address: string): Rule[] {
  return [
    { subject: `account:${email} address:${address}`, free: 5, maxDelaySeconds: 900 },
    { subject: `account:${email}`, free: 20, maxDelaySeconds: 30 },
    { subject: `address:${address}`, free: 50, maxDelaySeconds: 900 },
  ]
}

/**
 * Counts the attempt as a failure before the password is looked at, so that parallel guesses cannot pass together.
 * @returns 0 when it may go on, else the seconds to wait; a refused attempt is not counted.
 */
export async function beginSignIn(email: string, address: string): Promise<number> {
  for (const { subject, free, maxDelaySeconds } of rulesFor(email, address)) {
    const counted = await db.$queryRaw<{ count: number }[]>`
      INSERT INTO sign_in_failures (subject, count, blocked_until, updated_at)
      VALUES (${subject}, 1, now(), now())
      ON CONFLICT (subject) DO UPDATE SET
        count = CASE WHEN sign_in_failures.updated_at < now() - make_interval(secs => ${FORGET_SECONDS}) THEN 1
                     ELSE sign_in_failures.count + 1 END,
        blocked_until = CASE
          WHEN sign_in_failures.updated_at < now() - make_interval(secs => ${FORGET_SECONDS})
            OR sign_in_failures.count + 1 < ${free} THEN now()
          ELSE now() + make_interval(secs =>
            least(${maxDelaySeconds}::float8, power(2::float8, least(sign_in_failures.count + 1 - ${free}, 20)))) END,
        updated_at = now()
      WHERE sign_in_failures.blocked_until <= now()
      RETURNING count`
    if (counted.length > 0) continue
    const [blocked] = await db.$queryRaw<{ wait: number }[]>`
      SELECT greatest(1, ceil(extract(epoch FROM blocked_until - now())))::int AS wait
      FROM sign_in_failures WHERE subject = ${subject}`
    return blocked?.wait ?? 1
  }
  return 0
}

/** The attempt was no failure: the account's slate is clean, the address gets its one back. */
export async function signInSucceeded(email: string, address: string): Promise<void> {
  const [pair, account, source] = rulesFor(email, address).map((rule) => rule.subject)
  await db.$executeRaw`DELETE FROM sign_in_failures WHERE subject IN (${pair}, ${account})`
  await db.$executeRaw`UPDATE sign_in_failures SET count = greatest(0, count - 1) WHERE subject = ${source}`
  await db.$executeRaw`
    DELETE FROM sign_in_failures WHERE updated_at < now() - make_interval(secs => ${FORGET_SECONDS})`
}

/** "30 seconds", "2 minutes": for the message. */
export function waitText(seconds: number): string {
  const [amount, unit] = seconds < 90 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute']
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}
