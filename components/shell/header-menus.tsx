'use client'

import { Clock, LogOut, Monitor, Moon, Settings, Sun } from 'lucide-react'
import Link from 'next/link'
import { useTheme } from 'next-themes'
import { useSyncExternalStore } from 'react'
import { useMe } from '@/components/data/me'
import { toastProblem } from '@/components/data/save'
import { Button, IconButton } from '@/components/ui/button'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'
import { type TimeZoneChoice, useTimeZone } from '@/components/ui/time-zone'
import { ROLE_LABELS } from '@/components/users/role-labels'
import { signOut } from './session'

export function TimeZoneMenu() {
  const { choice, zones, timeZone, setChoice } = useTimeZone()
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="sm"
          aria-label={`Time zone: ${timeZone}`}
          className="max-md:w-7 max-md:px-0"
        >
          <Clock aria-hidden />
          <span className="max-w-36 truncate max-md:hidden">{timeZone}</span>
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        <DropdownMenuLabel>Show times in</DropdownMenuLabel>
        <DropdownMenuRadioGroup value={choice} onValueChange={(next) => setChoice(next as TimeZoneChoice)}>
          <DropdownMenuRadioItem value="utc">UTC</DropdownMenuRadioItem>
          <DropdownMenuRadioItem value="deployment">Deployment ({zones.deployment})</DropdownMenuRadioItem>
          <DropdownMenuRadioItem value="browser">This browser ({zones.browser})</DropdownMenuRadioItem>
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

const THEMES = [
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
  { value: 'system', label: 'As the system', icon: Monitor },
] as const

export function ThemeMenu() {
  const { theme, resolvedTheme, setTheme } = useTheme()
  // The server can't know the theme: its icon comes with the browser.
  const inBrowser = useSyncExternalStore(
    () => () => {},
    () => true,
    () => false,
  )
  const Icon = inBrowser && resolvedTheme === 'dark' ? Moon : Sun
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <IconButton label="Theme" size="sm">
          <Icon aria-hidden />
        </IconButton>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        <DropdownMenuRadioGroup value={theme ?? 'system'} onValueChange={setTheme}>
          {THEMES.map(({ value, label, icon: ItemIcon }) => (
            <DropdownMenuRadioItem key={value} value={value}>
              <ItemIcon aria-hidden />
              {label}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

export function MeMenu() {
  const me = useMe()
  const initials = me.name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word[0]?.toUpperCase() ?? '')
    .join('')
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <button
          type="button"
          aria-label={`You: ${me.name}`}
          className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent hover:bg-hover"
        >
          {initials || '?'}
        </button>
      </DropdownMenuTrigger>
      <DropdownMenuContent className="w-60">
        <div className="px-2 py-1.5">
          <p className="truncate font-medium">{me.name}</p>
          {me.email ? <p className="truncate text-xs text-muted">{me.email}</p> : null}
          <ul className="mt-1 text-xs text-muted">
            {me.role ? <li>{ROLE_LABELS[me.role]} of this deployment</li> : null}
            {me.teams.slice(0, 4).map((team) => (
              <li key={team.teamId}>
                {ROLE_LABELS[team.role]} in {team.teamName}
              </li>
            ))}
            {me.teams.length > 4 ? <li>and {me.teams.length - 4} more teams</li> : null}
          </ul>
        </div>
        <DropdownMenuSeparator />
        <DropdownMenuItem asChild>
          <Link href="/settings">
            <Settings aria-hidden />
            Settings and password
          </Link>
        </DropdownMenuItem>
        <DropdownMenuItem
          onSelect={() => {
            signOut().catch((error: unknown) => toastProblem(error, 'You are still signed in'))
          }}
        >
          <LogOut aria-hidden />
          Sign out
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
