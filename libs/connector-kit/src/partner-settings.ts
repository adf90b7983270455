import { IsBoolean, IsInt, IsOptional, IsTimeZone, IsUrl, Max, MaxLength, Min } from 'class-validator';
import type { PartnerEndpointOptions } from '#libs/partner';
import { Setting } from '#libs/settings';

const ANSWER_MAX_BYTES = 2 * 1024 * 1024;

/** What every integration with an HTTP partner asks; a connector adds its own and sets its own defaults. */
export abstract class PartnerSettings {
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  @Setting({ label: { pt: 'Endereço da API', en: 'API base URL' } })
  baseUrl!: string;

  @IsInt()
  @Min(0)
  @Max(10_080)
  @Setting({
    label: { pt: 'Periodicidade (minutos)', en: 'Periodicity (minutes)' },
    help: { pt: '0 envia assim que acontece.', en: '0 sends as things happen.' },
    whoMayChange: 'vendor',
  })
  periodicityMinutes: number = 0;

  @IsInt()
  @Min(0)
  @Max(1_440)
  @Setting({
    label: { pt: 'Intervalo mínimo para "executar agora" (minutos)', en: 'Minimum gap before "run now" (minutes)' },
    help: { pt: 'Contado da última comunicação.', en: 'Counted from the last communication.' },
    whoMayChange: 'vendor',
  })
  runNowGapMinutes: number = 15;

  @IsInt()
  @Min(0)
  @Max(366)
  @Setting({
    label: { pt: 'Comparar com o ERP a cada (dias)', en: 'Compare with the ERP every (days)' },
    help: {
      pt: 'Lê os títulos do ERP por inteiro e avisa do que mudou sem evento. 0: nunca.',
      en: "Reads the ERP's titles whole and tells of what changed without an event. 0: never.",
    },
  })
  compareEveryDays: number = 7;

  @IsTimeZone()
  @Setting({ label: { pt: 'Fuso horário', en: 'Time zone' } })
  timeZone: string = 'America/Sao_Paulo';

  @IsInt()
  @Min(1)
  @Max(64)
  @Setting({ label: { pt: 'Chamadas simultâneas', en: 'Concurrent calls' } })
  concurrency: number = 8;

  @IsInt()
  @Min(1)
  @Max(20)
  @Setting({
    label: { pt: 'Tentativas', en: 'Attempts' },
    help: {
      pt: 'Depois da última, a entrega espera por uma pessoa.',
      en: 'After the last one the delivery waits for a person.',
    },
  })
  attempts: number = 7;

  @IsInt()
  @Min(1)
  @Max(120)
  @Setting({ label: { pt: 'Prazo de cada entrega (segundos)', en: 'Deadline of each delivery (seconds)' } })
  deadlineSeconds: number = 20;

  @IsInt()
  @Min(0)
  @Max(100_000)
  @Setting({
    label: { pt: 'Limite de requisições por minuto', en: 'Requests per minute' },
    help: {
      pt: 'De cada processo do conector: com dois processos, o dobro. 0: sem limite nosso.',
      en: 'Of each process of the connector: with two processes, twice as many. 0: no limit of ours.',
    },
  })
  requestsPerMinute: number = 0;

  @IsOptional()
  @MaxLength(100_000)
  @Setting({
    label: { pt: 'Certificado da CA (PEM)', en: 'CA certificate (PEM)' },
    help: { pt: 'Para um parceiro com CA própria.', en: 'For a partner with a CA of its own.' },
  })
  ca?: string;

  @IsBoolean()
  @Setting({ label: { pt: 'Permitir HTTP sem TLS', en: 'Allow plain HTTP' }, whoMayChange: 'vendor' })
  allowPlainHttp: boolean = false;

  @IsBoolean()
  @Setting({ label: { pt: 'Permitir endereços privados', en: 'Allow private addresses' }, whoMayChange: 'vendor' })
  allowPrivateAddresses: boolean = false;
}

/** The settings as the partner's endpoint takes them. */
export function toEndpointOptions(name: string, settings: PartnerSettings): PartnerEndpointOptions {
  return {
    name,
    baseUrl: settings.baseUrl,
    deadlineMs: settings.deadlineSeconds * 1_000,
    connections: settings.concurrency,
    maxBodyBytes: ANSWER_MAX_BYTES,
    requestsPerMinute: settings.requestsPerMinute,
    ca: settings.ca,
    allowPlainHttp: settings.allowPlainHttp,
    allowPrivateAddresses: settings.allowPrivateAddresses,
  };
}
