/** nginx passing the same bytes: Debian's build, one process, buffering off, connections to the upstream kept. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { spawnAt } from '../cores.ts'
import { VENDOR_MODEL } from '../wire.ts'
import { type Contestant, freePort, Unavailable, until } from './contestant.ts'

export async function startNginx(folder: string, upstreamPort: number): Promise<Contestant> {
  const home = path.join(folder, 'nginx')
  mkdirSync(home, { recursive: true })
  const program = findNginx(home)
  const port = await freePort()
  const config = path.join(home, 'nginx.conf')
  writeFileSync(config, configuration(home, port, upstreamPort))
  const child = spawnAt('measured', program, ['-c', config, '-e', path.join(home, 'error.log')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (data) => {
    said += data
  })
  await until('the start of nginx', 5_000, async () => {
    if (child.exitCode !== null) throw new Unavailable(`nginx did not start: ${said.trim()}`)
    const response = await fetch(`http://127.0.0.1:${port}/up`).catch(() => null)
    return response?.ok === true
  })
  return {
    name: 'nginx',
    version: /nginx\/(\S+)/.exec(spawnSync(program, ['-v']).stderr.toString())?.[1] ?? 'unknown',
    port,
    path: '/v1/chat/completions',
    headers: { authorization: 'Bearer sk-bench-caller' },
    // It rewrites nothing.
    model: VENDOR_MODEL,
    // `taskset` becomes the program that it starts.
    pids: [child.pid ?? 0],
    drained: async () => {},
    stop: async () => {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGTERM')
      await closed
    },
  }
}

/** One that is installed, else Debian's package unpacked into the folder: installing it would start a service. */
function findNginx(home: string): string {
  for (const installed of ['/usr/sbin/nginx', '/usr/local/sbin/nginx'])
    if (existsSync(installed)) return installed
  const unpacked = path.join(home, 'x/usr/sbin/nginx')
  if (existsSync(unpacked)) return unpacked
  if (spawnSync('apt-get', ['download', 'nginx'], { cwd: home }).status !== 0) {
    spawnSync('apt-get', ['update'])
    if (spawnSync('apt-get', ['download', 'nginx'], { cwd: home }).status !== 0)
      throw new Unavailable('nginx is not installed, and its Debian package can not be had')
  }
  const file = readdirSync(home).find((name) => name.endsWith('.deb'))
  if (!file || spawnSync('dpkg', ['-x', file, 'x'], { cwd: home }).status !== 0)
    throw new Unavailable('the Debian package of nginx could not be unpacked')
  return unpacked
}

function configuration(home: string, port: number, upstreamPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${path.join(home, name)};`)
    .join('\n')
  return `daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid ${path.join(home, 'nginx.pid')};
error_log ${path.join(home, 'error.log')} error;
events { worker_connections 4096; }
http {
${temporary}
  access_log off;
  tcp_nodelay on;
  keepalive_requests 100000000;
  client_body_buffer_size 64k;
  upstream vendor {
    server 127.0.0.1:${upstreamPort};
    keepalive 1024;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    location = /up { return 200; }
    location / {
      proxy_pass http://vendor;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`
}
