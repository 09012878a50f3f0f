/** One stage of a Dockerfile, as far as ours uses the language; anything else in it is an error. */
export interface Stage {
  name: string
  from: string
  env: Record<string, string>
  args: string[]
  runs: string[]
  copies: { from: string | null; sources: string[]; to: string }[]
  user: string
  exposed: string[]
  volumes: string[]
  healthcheck: string
  entrypoint: string[]
}

export function readStages(text: string): Stage[] {
  const lines = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n/g, ' ')
  const stages: Stage[] = []
  for (const line of lines.split('\n').filter((candidate) => candidate.trim() !== '')) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? []
    if (word === 'FROM') {
      const [, from = '', name = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? []
      stages.push(emptyStage(name, from))
    } else if (stages.length > 0 || word !== 'ARG') take(stages.at(-1), word, rest)
  }
  return stages
}

function emptyStage(name: string, from: string): Stage {
  const lists = { args: [], runs: [], copies: [], exposed: [], volumes: [], entrypoint: [] }
  return { name, from, env: {}, user: '', healthcheck: '', ...lists }
}

function take(stage: Stage | undefined, word: string, rest: string): void {
  if (!stage) throw new Error(`${word} stands before the first FROM`)
  const words = rest.split(/\s+/)
  switch (word) {
    case 'ARG':
      stage.args.push(rest.split('=')[0] ?? '')
      break
    case 'ENV':
      for (const pair of words) {
        const [, name = '', value = ''] = /^([^=]*)=?(.*)$/.exec(pair) ?? []
        stage.env[name] = value
      }
      break
    case 'RUN':
      stage.runs.push(rest)
      break
    case 'COPY': {
      const from = /^--from=(\S+)$/.exec(words[0] ?? '')?.[1] ?? null
      stage.copies.push({ from, sources: words.slice(from ? 1 : 0, -1), to: words.at(-1) ?? '' })
      break
    }
    case 'USER':
      stage.user = rest
      break
    case 'EXPOSE':
      stage.exposed.push(...words)
      break
    case 'VOLUME':
      stage.volumes.push(...words)
      break
    case 'HEALTHCHECK':
      stage.healthcheck = rest
      break
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest)
      break
    case 'WORKDIR':
      break
    default:
      throw new Error(`the Dockerfile says ${word}, which this reader does not know`)
  }
}
