import { describe, expect, it } from 'vitest'
import { checkAddress, checkUrl, classifyAddress } from './network-address.ts'

const closed = { allowPrivateNetwork: false }
const open = { allowPrivateNetwork: true, ownPorts: new Set([3000, 4000]) }

describe('classification of addresses', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['127.0.0.1', 'loopback'],
    ['127.255.0.9', 'loopback'],
    ['::1', 'loopback'],
    ['0.0.0.0', 'forbidden'],
    ['::', 'forbidden'],
    ['169.254.169.254', 'forbidden'],
    ['169.254.170.2', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['168.63.129.16', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['ff02::1', 'forbidden'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:10.0.0.1', 'private'],
    ['::ffff:169.254.169.254', 'forbidden'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['64:ff9b::808:808', 'public'],
    ['64:ff9b::6464:64c8', 'forbidden'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a9fe:a9fe::', 'forbidden'],
    ['::7f00:1', 'loopback'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'forbidden'],
    ['not an address', 'forbidden'],
    ['', 'forbidden'],
  ])('%s is %s', (address, expected) => {
    expect(classifyAddress(address)).toBe(expected)
  })
})

describe('an address that is saved', () => {
  it.each(['https://api.openai.com/v1', 'https://8.8.8.8:8443/v1'])('takes %s', (url) => {
    expect(checkUrl(url, closed)).toBeNull()
  })

  it.each([
    'http://127.0.0.1:8000/v1',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://[::1]/',
    'https://[::ffff:7f00:1]/',
    'https://localhost/',
    'https://a.localhost./',
    'https://10.0.0.1/',
    'https://vllm.corp.internal/',
    'http://example.com/',
  ])('refuses %s until private networks are allowed', (url) => {
    expect(checkUrl(url, closed)).toMatch(/allow/)
    expect(checkUrl(url, open)).toBeNull()
  })

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166/',
    'http://[fd00:ec2::254]/',
    'http://metadata.google.internal/',
    'http://METADATA.google.internal./',
    'http://0.0.0.0/',
    'http://localhost:3000/',
    'http://127.0.0.1:4000/',
    'http://[::ffff:127.0.0.1]:4000/',
    'ftp://example.com/',
    'https://user:secret@example.com/',
    'nonsense',
  ])('refuses %s always', (url) => {
    expect(checkUrl(url, open)).toBeTypeOf('string')
  })

  it("refuses Gatehouse's own ports on this machine's other addresses too", () => {
    const policy = { ...open, ownAddresses: new Set(['192.168.1.7']) }
    expect(checkAddress('192.168.1.7', 4000, policy)).toMatch(/own/)
    expect(checkAddress('192.168.1.8', 4000, policy)).toBeNull()
  })
})
