/**
 * Where Gatehouse may send a request on somebody's behalf. Pure classification, shared by the admin (when an address is
 * saved) and the gateway (when a connection is made, after DNS): what one refuses, the other does too.
 */
import ipaddr from 'ipaddr.js'

/** `forbidden` is refused always; `loopback` and `private` need `allowPrivateNetwork`. */
export type AddressClass = 'public' | 'private' | 'loopback' | 'forbidden'

export interface AddressPolicy {
  readonly allowPrivateNetwork: boolean
  /** Ports that Gatehouse itself listens on: on this machine they are refused always. */
  readonly ownPorts?: ReadonlySet<number>
  /** Addresses of this machine besides loopback, where they are known. */
  readonly ownAddresses?: ReadonlySet<string>
}

/** Addresses that hand out a cloud's credentials or steer its machines, outside the link-local range. */
const METADATA_ADDRESSES = new Set([
  'fd00:ec2::254', // AWS over IPv6
  'fd20:ce::254', // Google Cloud over IPv6
  '100.100.100.200', // Alibaba Cloud
  '192.0.0.192', // Oracle Cloud
  '168.63.129.16', // Azure
])
const METADATA_HOSTS = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
])

/** The class of an IP address in text, embedded IPv4 addresses included; `forbidden` for what is no address. */
export function classifyAddress(address: string): AddressClass {
  const bare = unbracket(address).split('%', 1)[0] ?? ''
  if (!ipaddr.isValid(bare)) return 'forbidden'
  const parsed = ipaddr.parse(bare)
  if (METADATA_ADDRESSES.has(parsed.toString())) return 'forbidden'
  return parsed.kind() === 'ipv4' ? classifyIpv4(parsed as ipaddr.IPv4) : classifyIpv6(parsed as ipaddr.IPv6)
}

/**
 * Whether an IP address may be connected to.
 * @returns null when it may, else a sentence for people.
 */
export function checkAddress(address: string, port: number, policy: AddressPolicy): string | null {
  const bare = unbracket(address)
  const kind = classifyAddress(bare)
  if (kind === 'forbidden')
    return `${bare} is a link-local, metadata or reserved address, which is never allowed.`
  if (policy.ownPorts?.has(port) && (kind === 'loopback' || policy.ownAddresses?.has(bare))) {
    return `Port ${port} on this machine is Gatehouse's own, which is never allowed.`
  }
  if (kind !== 'public' && !policy.allowPrivateNetwork) {
    return `${bare} is on ${kind === 'loopback' ? 'this machine' : 'a private network'}; that needs "allow private network", which an admin can set.`
  }
  return null
}

/**
 * Whether a URL may be an upstream, as far as it can be said without asking DNS: the gateway checks again each address
 * that the name resolves to, when it connects.
 * @returns null when it may, else a sentence for people.
 */
export function checkUrl(url: string, policy: AddressPolicy): string | null {
  if (!URL.canParse(url)) return 'This is not a valid URL.'
  const { protocol, username, password, hostname, port } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return 'The address must start with https:// or http://.'
  if (username !== '' || password !== '') return 'The address must not contain a user name or a password.'
  const portNumber = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  const host = hostname.toLowerCase().replace(/\.$/, '')
  if (host === '') return 'The address has no host.'
  if (METADATA_HOSTS.has(host)) return `${host} is a cloud's metadata service, which is never allowed.`
  const literal = unbracket(host)
  if (ipaddr.isValid(literal)) {
    const refusal = checkAddress(literal, portNumber, policy)
    if (refusal) return refusal
  } else if (host === 'localhost' || host.endsWith('.localhost')) {
    const refusal = checkAddress('127.0.0.1', portNumber, policy)
    if (refusal) return refusal.replace('127.0.0.1', host)
  } else if (host.endsWith('.internal') && !policy.allowPrivateNetwork) {
    return `${host} is on a private network; that needs "allow private network", which an admin can set.`
  }
  if (protocol === 'http:' && !policy.allowPrivateNetwork) {
    return 'Plain http would send the credentials unencrypted: use https, or allow a private network.'
  }
  return null
}

function unbracket(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

function classifyIpv4(address: ipaddr.IPv4): AddressClass {
  switch (address.range()) {
    case 'unicast':
      return 'public'
    case 'private':
    case 'carrierGradeNat':
      return 'private'
    case 'loopback':
      return 'loopback'
    default:
      return 'forbidden'
  }
}

function classifyIpv6(address: ipaddr.IPv6): AddressClass {
  const bytes = address.toByteArray()
  switch (address.range()) {
    case 'unicast':
      // ::a.b.c.d, the deprecated IPv4-compatible form, is still understood by some stacks.
      return bytes.slice(0, 12).every((byte) => byte === 0) ? embedded(bytes, 12) : 'public'
    case 'uniqueLocal':
      return 'private'
    case 'loopback':
      return 'loopback'
    case 'ipv4Mapped':
    case 'rfc6145':
      return embedded(bytes, 12)
    case 'rfc6052': // NAT64
      return embedded(bytes, 12)
    case '6to4':
      return embedded(bytes, 2)
    default:
      return 'forbidden'
  }
}

/** The class of the IPv4 address that an IPv6 address carries from `offset` on. */
function embedded(bytes: number[], offset: number): AddressClass {
  const inner = bytes.slice(offset, offset + 4).join('.')
  return METADATA_ADDRESSES.has(inner) ? 'forbidden' : classifyIpv4(ipaddr.IPv4.parse(inner))
}
