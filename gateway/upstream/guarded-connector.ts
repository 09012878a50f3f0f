/**
 * The guard at the moment of connecting: every address that a name resolves to is checked, and the connection is pinned
 * to them, so that a name can't answer publicly when it is saved and privately when it is used (DNS rebinding).
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { buildConnector } from 'undici'
import { checkAddress, checkUrl } from '../../lib/contract/network-address.ts'
import { UpstreamError } from './upstream.ts'

export type ResolveAll = (
  hostname: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface GuardOptions {
  readonly allowPrivateNetwork: boolean
  readonly ownPorts: ReadonlySet<number>
  readonly connectTimeoutMs: number
  /** DNS from outside, for tests; the system's by default. */
  readonly resolve?: ResolveAll
}

export function guardedConnector(options: GuardOptions): buildConnector.connector {
  const { allowPrivateNetwork, ownPorts } = options
  const resolve = options.resolve ?? ((name, callback) => systemLookup(name, { all: true }, callback))
  const connectorFor = (port: number): buildConnector.connector => {
    const lookup: LookupFunction = (hostname, lookupOptions, callback) => {
      resolve(hostname, (error, addresses) => {
        if (error) return callback(error, '', 4)
        const policy = { allowPrivateNetwork, ownPorts, ownAddresses: ownAddresses() }
        for (const { address } of addresses) {
          const refusal = checkAddress(address, port, policy)
          if (refusal) return callback(new UpstreamError('refused', `${hostname}: ${refusal}`), '', 4)
        }
        const [first] = addresses
        if (!first) return callback(new UpstreamError('connect', `${hostname} has no address.`), '', 4)
        if (lookupOptions.all) callback(null, addresses)
        else callback(null, first.address, first.family)
      })
    }
    return buildConnector({
      timeout: options.connectTimeoutMs,
      allowH2: false,
      lookup,
      autoSelectFamily: true,
    })
  }
  const connectors = new Map<number, buildConnector.connector>()

  return (target, callback) => {
    const port = target.port === '' ? (target.protocol === 'https:' ? 443 : 80) : Number(target.port)
    const host = isIP(target.hostname) === 6 ? `[${target.hostname}]` : target.hostname
    const refusal = checkUrl(`${target.protocol}//${host}:${port}`, {
      allowPrivateNetwork,
      ownPorts,
      ownAddresses: ownAddresses(),
    })
    if (refusal) return callback(new UpstreamError('refused', refusal), null)
    let connect = connectors.get(port)
    if (!connect) {
      connect = connectorFor(port)
      connectors.set(port, connect)
    }
    connect(target, callback)
  }
}

function ownAddresses(): ReadonlySet<string> {
  const addresses = new Set<string>()
  for (const list of Object.values(networkInterfaces()))
    for (const { address } of list ?? []) addresses.add(address)
  return addresses
}
