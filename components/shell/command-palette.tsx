'use client'

import { Command } from 'cmdk'
import {
  Activity,
  Building2,
  Gauge,
  KeyRound,
  ListChecks,
  Moon,
  Network,
  Plus,
  Search,
  Sun,
  Wallet,
} from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useTheme } from 'next-themes'
import { Dialog } from 'radix-ui'
import { type ReactNode, useDeferredValue, useEffect, useState } from 'react'
import { useOptions } from '@/components/data/collection'
import { useCan, useMe } from '@/components/data/me'
import { OVERLAY } from '@/components/ui/dialog'
import type { Budget } from '@/lib/resources/budgets/schema'
import type { Key } from '@/lib/resources/keys/schema'
import type { Limit } from '@/lib/resources/limits/schema'
import type { Route } from '@/lib/resources/routes/schema'
import type { Team } from '@/lib/resources/teams/schema'
import { NAV } from './nav'

const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const LIMIT = { limit: 6 }

/** The button in the header, and ⌘K or Ctrl+K anywhere. */
export function CommandPalette() {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        event.key.toLowerCase() === 'k' &&
        (event.metaKey || event.ctrlKey) &&
        !event.shiftKey &&
        !event.altKey
      ) {
        event.preventDefault()
        setOpen((now) => !now)
      }
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger asChild>
        <button
          type="button"
          aria-keyshortcuts="Meta+K Control+K"
          className="flex h-7 items-center gap-2 rounded-control border bg-surface px-2 text-sm text-muted hover:bg-hover md:w-56"
        >
          <Search className="size-4 shrink-0" aria-hidden />
          <span className="flex-1 text-left max-md:sr-only">Search</span>
          <kbd aria-hidden className="font-sans text-xs max-md:hidden">
            Ctrl K
          </kbd>
        </button>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className={OVERLAY} />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-40 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-card border bg-surface shadow-float outline-none"
        >
          <Dialog.Title className="sr-only">Search</Dialog.Title>
          <Palette onDone={() => setOpen(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Palette({ onDone }: { onDone: () => void }) {
  const router = useRouter()
  const me = useMe()
  const can = useCan()
  const { resolvedTheme, setTheme } = useTheme()
  const [text, setText] = useState('')
  const q = useDeferredValue(text.trim())
  const searches = q.length >= 2 && !REQUEST_ID.test(q)
  const teams = useOptions<Team>('/teams', { ...LIMIT, q }, searches && can('teams.list'))
  const keys = useOptions<Key>('/keys', { ...LIMIT, q }, searches && can('keys.list'))
  const routes = useOptions<Route>('/routes', { ...LIMIT, q }, searches && can('routes.list'))
  const budgets = useOptions<Budget>('/budgets', { ...LIMIT, q }, searches && can('budgets.list'))
  const limits = useOptions<Limit>('/limits', { ...LIMIT, q }, searches && can('limits.list'))
  const go = (href: string) => {
    onDone()
    router.push(href)
  }
  const screens = NAV.flatMap((group) => group.entries).filter(
    (entry) => entry.needs === null || me.operations.includes(entry.needs),
  )
  return (
    <Command
      label="Search"
      filter={(value, search) => (value.toLowerCase().includes(search.toLowerCase().trim()) ? 1 : 0)}
    >
      <Command.Input
        autoFocus
        value={text}
        onValueChange={setText}
        placeholder="A screen, team, key, route, budget, or a request id"
        className="h-11 w-full border-b bg-transparent px-4 outline-none placeholder:text-muted"
      />
      <Command.List className="max-h-[55vh] overflow-auto p-1.5">
        <Command.Empty className="px-3 py-4 text-sm text-muted">Nothing found.</Command.Empty>
        {REQUEST_ID.test(q) ? (
          <Item value={`call ${q}`} icon={<Activity aria-hidden />} onSelect={() => go(`/calls?call=${q}`)}>
            Open call <span className="font-mono text-xs">{q}</span>
          </Item>
        ) : null}
        <Group heading="Go to">
          {screens.map(({ href, label, icon: Icon }) => (
            <Item
              key={href}
              value={href === '/settings' ? 'Settings profile password sessions' : label}
              icon={<Icon aria-hidden />}
              onSelect={() => go(href)}
            >
              {label}
            </Item>
          ))}
          <Item
            value="First steps setup checklist"
            icon={<ListChecks aria-hidden />}
            onSelect={() => go('/setup')}
          >
            First steps
          </Item>
        </Group>
        {searches && teams.data?.length ? (
          <Group heading="Teams">
            {teams.data.map((team) => (
              <Item
                key={team.id}
                value={`${team.name} ${team.id} ${q}`}
                icon={<Building2 aria-hidden />}
                onSelect={() => go(`/teams/${team.id}`)}
              >
                {team.name}
              </Item>
            ))}
          </Group>
        ) : null}
        {searches && keys.data?.length ? (
          <Group heading="Keys">
            {keys.data.map((key) => (
              <Item
                key={key.id}
                value={`${key.name} ${key.id} ${q}`}
                icon={<KeyRound aria-hidden />}
                onSelect={() => go(`/keys?key=${key.id}`)}
              >
                {key.name} <span className="text-muted">{key.consumerName}</span>
              </Item>
            ))}
          </Group>
        ) : null}
        {searches && routes.data?.length ? (
          <Group heading="Routes">
            {routes.data.map((route) => (
              <Item
                key={route.id}
                value={`${route.name} ${route.id} ${q}`}
                icon={<Network aria-hidden />}
                onSelect={() => go(`/routes/${route.id}`)}
              >
                <span className="font-mono">{route.name}</span>
              </Item>
            ))}
          </Group>
        ) : null}
        {searches && budgets.data?.length ? (
          <Group heading="Budgets">
            {budgets.data.map((budget) => (
              <Item
                key={budget.id}
                value={`${budget.name} ${budget.id} ${q}`}
                icon={<Wallet aria-hidden />}
                onSelect={() => go(`/budgets/${budget.id}`)}
              >
                {budget.name}
              </Item>
            ))}
          </Group>
        ) : null}
        {searches && limits.data?.length ? (
          <Group heading="Limits">
            {limits.data.map((limit) => (
              <Item
                key={limit.id}
                value={`${limit.name} ${limit.id} ${q}`}
                icon={<Gauge aria-hidden />}
                onSelect={() => go(`/limits?limit=${limit.id}`)}
              >
                {limit.name}
              </Item>
            ))}
          </Group>
        ) : null}
        <Group heading="Do">
          {can('keys.create') ? (
            <Item value="Create key" icon={<Plus aria-hidden />} onSelect={() => go('/keys?create=true')}>
              Create key
            </Item>
          ) : null}
          {can('routes.create') ? (
            <Item value="Create route" icon={<Plus aria-hidden />} onSelect={() => go('/routes/new')}>
              Create route
            </Item>
          ) : null}
          {can('providers.create') ? (
            <Item value="Add provider" icon={<Plus aria-hidden />} onSelect={() => go('/providers/new')}>
              Add provider
            </Item>
          ) : null}
          {can('budgets.create') ? (
            <Item
              value="Create budget"
              icon={<Plus aria-hidden />}
              onSelect={() => go('/budgets?create=true')}
            >
              Create budget
            </Item>
          ) : null}
          {can('limits.create') ? (
            <Item value="Create limit" icon={<Plus aria-hidden />} onSelect={() => go('/limits?create=true')}>
              Create limit
            </Item>
          ) : null}
          <Item
            value="Toggle theme light dark"
            icon={resolvedTheme === 'dark' ? <Sun aria-hidden /> : <Moon aria-hidden />}
            onSelect={() => {
              setTheme(resolvedTheme === 'dark' ? 'light' : 'dark')
              onDone()
            }}
          >
            {resolvedTheme === 'dark' ? 'Light theme' : 'Dark theme'}
          </Item>
        </Group>
      </Command.List>
    </Command>
  )
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-muted"
    >
      {children}
    </Command.Group>
  )
}

function Item({
  value,
  icon,
  onSelect,
  children,
}: {
  value: string
  icon: ReactNode
  onSelect: () => void
  children: ReactNode
}) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex min-h-8 cursor-pointer items-center gap-2.5 rounded-control px-2.5 text-sm data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:text-muted"
    >
      {icon}
      <span className="min-w-0 truncate">{children}</span>
    </Command.Item>
  )
}
