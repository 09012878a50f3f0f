import { beforeAll, expect, test } from 'vitest'
import { type Call, type CallOptions, makeUser, startTestApi, TEST_ORIGIN } from '../api/testing.ts'
import { authOptions, signIn } from './auth.ts'
import { db } from './db.ts'
import { hashPassword } from './passwords.ts'
import { actorOfSession, decodeSession, encodeSession, SESSION_IDLE_SECONDS } from './session.ts'

const PASSWORD = 'correct horse battery staple'
let call: Call
let passwordHash: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  passwordHash = await hashPassword(PASSWORD)
})

let addresses = 0
/** Another address each, so that one test's failures do not slow another. */
const somewhere = () => ({ address: `192.0.2.${++addresses}`, userAgent: 'test' })
const person = () => makeUser({ role: 'admin' }, { passwordHash })

async function signedIn(email: string, from = somewhere()) {
  const session = await signIn({ email, password: PASSWORD }, from)
  if (!session) throw new Error('not signed in')
  const cookie = `gatehouse.session=${await encodeSession(session.sessionId)}`
  const asBrowser = (method: string, path: string, options: CallOptions = {}) =>
    call(method, path, {
      ...options,
      headers: { cookie, 'sec-fetch-site': 'same-origin', ...options.headers },
    })
  return { ...session, cookie, asBrowser }
}

test('a session works until it signs out, and not once more', async () => {
  const { email } = await person()
  const { asBrowser } = await signedIn(email)
  expect((await asBrowser('GET', '/me')).body.email).toBe(email)
  const out = await asBrowser('POST', '/me/sign-out')
  expect(out.status).toBe(204)
  expect(out.headers.get('set-cookie')).toMatch(
    /^gatehouse\.session=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax/,
  )
  expect((await asBrowser('GET', '/me')).status).toBe(401)
})

test('signing out by next-auth ends the session row too, and both ends are in the audit log', async () => {
  const { email } = await person()
  const { asBrowser, sessionId } = await signedIn(email)
  const session = {} as never
  await authOptions().events?.signOut?.({ token: { sid: sessionId }, session })
  expect((await asBrowser('GET', '/me')).status).toBe(401)
  const entries = await db.auditEntry.findMany({ where: { targetId: sessionId }, orderBy: { at: 'asc' } })
  expect(entries.map(({ action }) => action)).toEqual(['session.sign-in', 'session.sign-out'])
})

test('each sign-in is a session of its own, and one ends without the other', async () => {
  const { email } = await person()
  const [first, second] = [await signedIn(email), await signedIn(email)]
  expect(first.sessionId).not.toBe(second.sessionId)
  const list = await first.asBrowser('GET', '/me/sessions')
  expect(list.body.data.map((row: { current: boolean }) => row.current).sort()).toEqual([false, true])
  expect((await first.asBrowser('DELETE', `/me/sessions/${second.sessionId}`)).status).toBe(204)
  expect((await second.asBrowser('GET', '/me')).status).toBe(401)
  expect((await first.asBrowser('GET', '/me')).status).toBe(200)
  expect((await first.asBrowser('DELETE', `/me/sessions/${second.sessionId}`)).status).toBe(404)
  const stranger = await signedIn((await person()).email)
  expect((await stranger.asBrowser('DELETE', `/me/sessions/${first.sessionId}`)).status).toBe(404)
})

test('an idle session, an old one, and those of a disabled user are refused', async () => {
  const { id, email } = await person()
  const { sessionId, asBrowser } = await signedIn(email)
  const at = (ms: number) => new Date(Date.now() + ms)
  await db.session.update({
    where: { id: sessionId },
    data: { lastSeenAt: at(-SESSION_IDLE_SECONDS * 1_000 - 1_000) },
  })
  expect((await asBrowser('GET', '/me')).status).toBe(401)
  await db.session.update({ where: { id: sessionId }, data: { lastSeenAt: at(0), expiresAt: at(-1_000) } })
  expect((await asBrowser('GET', '/me')).status).toBe(401)
  await db.session.update({ where: { id: sessionId }, data: { expiresAt: at(60_000) } })
  expect((await asBrowser('GET', '/me')).status).toBe(200)
  await db.user.update({ where: { id }, data: { disabledAt: new Date() } })
  expect((await asBrowser('GET', '/me')).status).toBe(401)
  expect(await signIn({ email, password: PASSWORD }, somewhere())).toBeNull()
})

test('a clock that is set ahead ends a session while it is ahead, and one that is set back ends none', async () => {
  const { sessionId } = await signedIn((await person()).email)
  const livesAt = async (ms: number) => (await actorOfSession(sessionId, new Date(Date.now() + ms))) !== null
  const idleMs = SESSION_IDLE_SECONDS * 1_000
  for (const ms of [0, -3_600_000, -86_400_000, 3_600_000, 0])
    expect(await livesAt(ms), `${ms} ms`).toBe(true)
  // Seen an hour ahead just now: idle from then on.
  expect(await livesAt(idleMs + 3_600_000 + 60_000)).toBe(false)
  expect(await livesAt(0)).toBe(true)
})

test('a forged cookie is nobody’s', async () => {
  const { email } = await person()
  const { cookie, sessionId } = await signedIn(email)
  const value = cookie.split('=')[1] ?? ''
  expect(await decodeSession(value)).toBe(sessionId)
  for (const forged of [`${value.slice(0, -2)}xx`, sessionId, '', `a.b.c.d.e`]) {
    expect((await call('GET', '/me', { headers: { cookie: `gatehouse.session=${forged}` } })).status).toBe(
      401,
    )
  }
})

test('a change by cookie from another site is refused and changes nothing', async () => {
  const { email } = await person()
  const { cookie } = await signedIn(email)
  const post = (headers: Record<string, string>) =>
    call('POST', '/teams', { body: { name: `t${Math.random()}` }, headers: { cookie, ...headers } })
  const before = await db.team.count()
  for (const headers of [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: TEST_ORIGIN },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ] as Record<string, string>[]) {
    const answer = await post(headers)
    expect(answer.status, JSON.stringify(headers)).toBe(403)
    expect(answer.body.code).toBe('cross_site')
  }
  expect(await db.team.count()).toBe(before)
  expect((await post({ origin: TEST_ORIGIN })).status).toBe(201)
  expect((await call('GET', '/me', { headers: { cookie, 'sec-fetch-site': 'cross-site' } })).status).toBe(200)
})

test('guessing is slowed for that account from that address, with the wait told, and not for others', async () => {
  const { email } = await person()
  const from = somewhere()
  for (let attempt = 0; attempt < 5; attempt++) {
    expect(await signIn({ email, password: 'wrong' }, from)).toBeNull()
  }
  // The right password too: who guesses must not learn it.
  await expect(signIn({ email, password: PASSWORD }, from)).rejects.toThrow(/Try again in \d+ seconds?\./)
  expect(await signIn({ email, password: PASSWORD }, somewhere())).not.toBeNull()
  const other = await person()
  expect(await signIn({ email: other.email, password: PASSWORD }, from)).not.toBeNull()
})

test('parallel guesses pass no more often than guesses one by one', async () => {
  const { email } = await person()
  const from = somewhere()
  const results = await Promise.allSettled(
    Array.from({ length: 30 }, () => signIn({ email, password: 'wrong' }, from)),
  )
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(5)
})

test('the delay grows with each failure after it, and a success wipes the slate', async () => {
  const { email } = await person()
  const from = somewhere()
  const subject = `account:${email} address:${from.address}`
  for (let attempt = 0; attempt < 5; attempt++) await signIn({ email, password: 'wrong' }, from)
  const waits: number[] = []
  for (let round = 0; round < 4; round++) {
    await db.signInFailure.updateMany({
      where: { subject: { contains: email } },
      data: { blockedUntil: new Date(0) },
    })
    await signIn({ email, password: 'wrong' }, from)
    const row = await db.signInFailure.findUniqueOrThrow({ where: { subject } })
    waits.push(Math.round((row.blockedUntil.getTime() - row.updatedAt.getTime()) / 1_000))
  }
  expect(waits).toEqual([2, 4, 8, 16])
  await db.signInFailure.updateMany({
    where: { subject: { contains: email } },
    data: { blockedUntil: new Date(0) },
  })
  expect(await signIn({ email, password: PASSWORD }, from)).not.toBeNull()
  expect(await db.signInFailure.count({ where: { subject: { contains: email } } })).toBe(0)
})

test('an unknown user costs the same work as a wrong password', async () => {
  const { email } = await person()
  const time = async (address: string, who: string) => {
    const started = process.cpuUsage()
    await signIn({ email: who, password: 'wrong' }, { address, userAgent: null })
    const used = process.cpuUsage(started)
    return used.user + used.system
  }
  await time('198.51.100.1', email)
  const known = Math.min(await time('198.51.100.2', email), await time('198.51.100.3', email))
  const unknown = Math.min(await time('198.51.100.4', 'a@x.test'), await time('198.51.100.5', 'b@x.test'))
  expect(unknown).toBeGreaterThan(known / 3)
})

test('a new password ends all other sessions, and guessing the old one is slowed', async () => {
  const { email } = await person()
  const [here, there] = [await signedIn(email), await signedIn(email)]
  const wrong = await here.asBrowser('POST', '/me/password', {
    body: { currentPassword: 'wrong', newPassword: 'a brand new password' },
  })
  expect(wrong.status).toBe(400)
  expect(wrong.body.errors).toEqual([{ path: 'currentPassword', message: 'is not your password' }])
  const short = await here.asBrowser('POST', '/me/password', {
    body: { currentPassword: PASSWORD, newPassword: 'x' },
  })
  expect(short.body.errors[0].path).toBe('newPassword')
  const right = await here.asBrowser('POST', '/me/password', {
    body: { currentPassword: PASSWORD, newPassword: 'a brand new password' },
  })
  expect(right.status).toBe(204)
  expect((await here.asBrowser('GET', '/me')).status).toBe(200)
  expect((await there.asBrowser('GET', '/me')).status).toBe(401)
  expect(await signIn({ email, password: PASSWORD }, somewhere())).toBeNull()
})

test('other roles, a new password and disabling end the sessions of a user', async () => {
  const owner = await makeUser({ role: 'owner' })
  for (const change of [{ role: 'viewer' }, { password: 'another long password' }, { disabled: true }]) {
    const { id, email } = await person()
    const { asBrowser } = await signedIn(email)
    expect((await asBrowser('GET', '/me')).status).toBe(200)
    expect((await call('PATCH', `/users/${id}`, { token: owner.token, body: change })).status).toBe(200)
    expect((await asBrowser('GET', '/me')).status).toBe(401)
  }
})

test('a revoked or expired access token, and one of a disabled user, is refused at once', async () => {
  const owner = await makeUser({ role: 'owner' })
  const { id, token } = await makeUser({ role: 'viewer' })
  expect((await call('GET', '/me', { token })).status).toBe(200)
  const [row] = await db.accessToken.findMany({ where: { userId: id } })
  await call('POST', `/access-tokens/${row?.id}/revoke`, { token: owner.token })
  expect((await call('GET', '/me', { token })).status).toBe(401)
  await db.accessToken.updateMany({
    where: { userId: id },
    data: { revokedAt: null, expiresAt: new Date(1) },
  })
  expect((await call('GET', '/me', { token })).status).toBe(401)
  await db.accessToken.updateMany({ where: { userId: id }, data: { expiresAt: null } })
  await call('PATCH', `/users/${id}`, { token: owner.token, body: { disabled: true } })
  expect((await call('GET', '/me', { token })).status).toBe(401)
})
