import 'server-only'
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { env } from './env.ts'

const SEAL_VERSION = 1
const IV_BYTES = 12
const TAG_BYTES = 16

/** A 256-bit key for one purpose, derived from GATEHOUSE_SECRET (HKDF-SHA-256, RFC 5869). */
export function deriveKey(purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', env.secret, 'gatehouse', purpose, 32))
}

/** The row is bound to the ciphertext, so that one copied into another row does not open there. */
const associatedData = (rowId: string) => Buffer.concat([Buffer.from([SEAL_VERSION]), Buffer.from(rowId)])

/** Encrypts a JSON value for one row: AES-256-GCM, base64url of version, IV, ciphertext and tag. */
export function sealSecret(value: unknown, rowId: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', deriveKey('sealed-secrets'), iv)
  cipher.setAAD(associatedData(rowId))
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.from([SEAL_VERSION]), iv, ciphertext, cipher.getAuthTag()]).toString(
    'base64url',
  )
}

/** @throws Error when it was sealed for another row or under another GATEHOUSE_SECRET, or was altered. */
export function openSecret(sealed: string, rowId: string): unknown {
  const bytes = Buffer.from(sealed, 'base64url')
  try {
    if (bytes[0] !== SEAL_VERSION) throw new Error('unknown version')
    const iv = bytes.subarray(1, 1 + IV_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', deriveKey('sealed-secrets'), iv, {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(associatedData(rowId))
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
    const text = Buffer.concat([
      decipher.update(bytes.subarray(1 + IV_BYTES, bytes.length - TAG_BYTES)),
      decipher.final(),
    ])
    return JSON.parse(text.toString('utf8'))
  } catch {
    // The cause of a failed decryption helps nobody but an attacker.
    throw new Error(`The stored secret of ${rowId} does not open: was GATEHOUSE_SECRET changed?`)
  }
}

/** A new secret of 256 random bits: the prefix and 43 characters of base64url. */
export function makeSecret(prefix: 'gh_' | 'gha_'): string {
  return prefix + randomBytes(32).toString('base64url')
}

/** Lower-case hex SHA-256. For secrets of 256 random bits only: a password needs argon2. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** A keyed fingerprint (hex HMAC-SHA-256): equal for equal texts, worthless without GATEHOUSE_SECRET. */
export function fingerprint(purpose: string, text: string): string {
  return createHmac('sha256', deriveKey(purpose)).update(text).digest('hex')
}
