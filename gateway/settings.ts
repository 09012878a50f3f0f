/** Reads the gateway's environment (design, section 4.1); one clear sentence for each thing that is wrong. */

export interface Settings {
  readonly port: number
  readonly host: string
  /** The gateway's own folder, `DATA_DIR/gateway-<port>`. */
  readonly folder: string
  /** Admins in the order in which they are tried; each is as good as another. */
  readonly controlUrls: readonly string[]
  readonly gatewayToken: string
  readonly gatewayUrl: string | null
  /** Where people open the console; its pages alone may call from a browser. */
  readonly adminUrl: string | null
  readonly journalSync: 'group' | 'settle'
  readonly counters: 'shared' | 'independent'
  readonly timeZone: string
  readonly drainMs: number
  /** Opens `/metrics` to other machines; null keeps it to this one. */
  readonly metricsToken: string | null
  /** Ports of this deployment, on which no upstream may be. */
  readonly ownPorts: ReadonlySet<number>
}

/** A value that an operator has to change; the message says which and how, and repeats no secret. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

type Env = Readonly<Record<string, string | undefined>>

/** @throws SettingsError */
export function readSettings(env: Env): Settings {
  const port = integer(env, 'GATEWAY_PORT', 4000, 1, 65_535)
  const controlUrls = httpUrls(env, 'GATEHOUSE_CONTROL_URL')
  if (controlUrls.length === 0) {
    throw new SettingsError(
      'GATEHOUSE_CONTROL_URL is not set: it is the address of the admin, like http://127.0.0.1:3000, or of several with commas between.',
    )
  }
  const gatewayToken = text(env, 'GATEHOUSE_GATEWAY_TOKEN')
  if (gatewayToken === null) {
    throw new SettingsError(
      'GATEHOUSE_GATEWAY_TOKEN is not set: it is the token that the admin has under the same name.',
    )
  }
  if (!/^[\x21-\x7e]{8,}$/.test(gatewayToken)) {
    throw new SettingsError('GATEHOUSE_GATEWAY_TOKEN takes at least 8 printable characters without spaces.')
  }
  const gatewayUrl = httpUrl(env, 'GATEHOUSE_GATEWAY_URL')
  const adminUrl = httpUrl(env, 'GATEHOUSE_ADMIN_URL')
  const ownPorts = new Set([port, ...reservedPorts(env)])
  for (const url of [...controlUrls, adminUrl, gatewayUrl]) {
    const named = url === null ? '' : new URL(url).port
    if (named !== '') ownPorts.add(Number(named))
  }
  return {
    port,
    host: text(env, 'HOST') ?? '127.0.0.1',
    folder: `${(text(env, 'DATA_DIR') ?? '.data').replace(/\/+$/, '')}/gateway-${port}`,
    controlUrls,
    gatewayToken,
    gatewayUrl,
    adminUrl,
    journalSync: oneOf(env, 'JOURNAL_SYNC', ['group', 'settle']),
    counters: oneOf(env, 'GATEHOUSE_COUNTERS', ['shared', 'independent']),
    timeZone: timeZone(env),
    drainMs: integer(env, 'GATEHOUSE_DRAIN_MS', 8_000, 0, 3_600_000),
    metricsToken: text(env, 'GATEHOUSE_METRICS_TOKEN'),
    ownPorts,
  }
}

function text(env: Env, name: string): string | null {
  const value = env[name]?.trim()
  return value ? value : null
}

function integer(env: Env, name: string, fallback: number, min: number, max: number): number {
  const value = text(env, name)
  if (value === null) return fallback
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < min || number > max) {
    throw new SettingsError(`${name} is "${value}": it takes a whole number from ${min} to ${max}.`)
  }
  return number
}

function oneOf<const T extends string>(env: Env, name: string, values: readonly [T, ...T[]]): T {
  const value = text(env, name)
  if (value === null) return values[0]
  const found = values.find((candidate) => candidate === value)
  if (found === undefined) throw new SettingsError(`${name} is "${value}": it takes ${values.join(' or ')}.`)
  return found
}

function httpUrl(env: Env, name: string): string | null {
  return address(name, text(env, name))
}

function httpUrls(env: Env, name: string): string[] {
  const parts = (text(env, name) ?? '').split(',').map((part) => address(name, part.trim() || null))
  return [...new Set(parts.filter((url) => url !== null))]
}

function address(name: string, value: string | null): string | null {
  if (value === null) return null
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
    throw new SettingsError(`${name} is "${value}": it takes an address like https://gatehouse.example.com.`)
  }
  return value.replace(/\/+$/, '')
}

function timeZone(env: Env): string {
  const value = text(env, 'GATEHOUSE_TIME_ZONE') ?? 'UTC'
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
    return value
  } catch {
    throw new SettingsError(`GATEHOUSE_TIME_ZONE is "${value}": it takes a name like Europe/Berlin.`)
  }
}

function reservedPorts(env: Env): number[] {
  const value = text(env, 'GATEHOUSE_RESERVED_PORTS')
  if (value === null) return []
  return value.split(',').map((part) => {
    const port = Number(part.trim())
    if (!/^\s*\d+\s*$/.test(part) || port < 1 || port > 65_535) {
      throw new SettingsError(
        `GATEHOUSE_RESERVED_PORTS is "${value}": it takes ports with commas between, like 5432,6379.`,
      )
    }
    return port
  })
}
