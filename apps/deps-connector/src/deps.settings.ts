import { IsBoolean, IsEmail, IsOptional, Length, Matches } from 'class-validator';
import { ExternalIdPrefix, SpendSettings } from '#libs/connector-kit';
import { OwnRequeryInterval, RequeryInterval } from '#libs/credit';
import type { Secret } from '#libs/runtime';
import { Setting } from '#libs/settings';

const DAY_MINUTES = 1_440;
const PRODUCT = /^[0-9a-f]{8}$/;
/** One a line: product, from when on, how much; as DEPS' price list has them. */
const PRICES = /^([0-9a-f]{8} \d{4}-\d{2}-\d{2} \d{1,10}\.\d{2}(\r?\n|$))*$/;

const STANDARD_HELP = {
  pt: 'Escolhido na lista que a DEPS devolve; vem preenchido ao consultar.',
  en: 'Chosen from the list DEPS returns; filled in when somebody asks.',
};

/** What an operator fills in for one branch's DEPS account [Aba "Deps"]. The manual's labels. */
export class DepsSettings extends SpendSettings {
  /** [Url API] */
  override baseUrl: string = 'https://api-portal.deps.com.br';

  /** Once a day, at 01:00 of the branch. */
  override periodicityMinutes: number = DAY_MINUTES;

  /** Each takes 500 titles. */
  override concurrency: number = 2;

  @IsEmail()
  @Setting({
    label: { pt: 'E-mail', en: 'E-mail' },
    help: { pt: 'De um usuário criado só para a API.', en: 'Of a user made for the API alone.' },
  })
  email!: string;

  @Setting({ label: { pt: 'Senha', en: 'Password' }, secret: true })
  password!: Secret;

  @IsBoolean()
  @Setting({
    label: { pt: 'Sincroniza contas a receber diariamente à 1:00h', en: 'Synchronise receivables daily at 01:00' },
    help: {
      pt: 'Envia à DEPS o que foi movimentado desde a última sincronização. Desligado, só vai o que está em aberto do cliente, antes de cada consulta.',
      en: 'Sends DEPS what moved since the last synchronisation. Off, only what the customer owes goes, before each analysis.',
    },
    resends: true,
  })
  dailySync: boolean = true;

  @IsOptional()
  @Matches(PRODUCT)
  @Setting({ label: { pt: 'Consulta padrão (pessoa física)', en: 'Standard product (person)' }, help: STANDARD_HELP })
  productForPerson?: string;

  @IsOptional()
  @Matches(PRODUCT)
  @Setting({
    label: { pt: 'Consulta padrão (pessoa jurídica)', en: 'Standard product (company)' },
    help: STANDARD_HELP,
  })
  productForCompany?: string;

  @Matches(PRICES)
  @Setting({
    label: { pt: 'Preços', en: 'Prices' },
    help: {
      pt: 'Um por linha: produto, vigente desde, valor. Ex.: d002e4c6 2026-01-01 7.50. Produto sem preço não é consultado.',
      en: 'One a line: product, valid from, amount, as d002e4c6 2026-01-01 7.50. A product without a price is not asked for.',
    },
  })
  prices: string = '';

  @OwnRequeryInterval()
  requeryDays?: number;

  @ExternalIdPrefix()
  externalIdPrefix: string = '';

  @IsOptional()
  @Length(1, 40)
  @Setting({ label: { pt: 'Centro de custos', en: 'Cost centre' } })
  costCentre?: string;
}

/** What holds for the whole ERP instance [Seção Análise de Crédito]. */
export class DepsSystemSettings {
  @RequeryInterval()
  requeryDays: number | null = 90;
}

/** The last price that is valid on the day; none: the product is not asked for. @param day `YYYY-MM-DD` */
export function priceOf({ prices }: Pick<DepsSettings, 'prices'>, product: string, day: string): string | undefined {
  return prices
    .split(/\r?\n/)
    .map((line) => line.split(' '))
    .filter(([of, from]) => of === product && from! <= day)
    .toSorted(([, one], [, other]) => (one! < other! ? -1 : 1))
    .at(-1)?.[2];
}
