import type { Metadata } from 'next'
import { GatewaysScreen } from '@/components/gateways/gateways-screen'

export const metadata: Metadata = { title: 'Gateways' }

export default function GatewaysPage() {
  return <GatewaysScreen />
}
