import type { StackPorts } from './ports.ts';

export const enabledPlugins = '[rabbitmq_management,rabbitmq_prometheus,rabbitmq_consistent_hash_exchange].\n';

/** rabbitmq.conf of the private node: every listener on loopback, one administrator, the vhost of the apps. */
export function brokerSettings(ports: StackPorts, adminPassword: string): string {
  return `
listeners.tcp.1 = 127.0.0.1:${ports.amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = ${ports.management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = ${ports.prometheus}
default_vhost = ponte
default_user = admin
default_pass = ${adminPassword}
default_user_tags.administrator = true
log.file.level = info
`;
}

export function adminAuthorization(password: string): string {
  return `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
}
