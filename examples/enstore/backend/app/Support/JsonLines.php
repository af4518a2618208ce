<?php

namespace App\Support;

use Monolog\Formatter\NormalizerFormatter;
use Throwable;

/** One record a line: time, level, logger, message, and the fields of its context beside them. */
class JsonLines extends NormalizerFormatter
{
    private const TRACE = 12;

    public function __construct()
    {
        parent::__construct('Y-m-d\TH:i:s.vP');
    }

    public function format(array $record): string
    {
        $line = [
            'time' => $record['datetime']->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.v\Z'),
            'level' => strtolower($record['level_name']),
            'logger' => 'enstore',
            'message' => $record['message'],
        ];
        // A field of the context never hides one of these.
        $line += $this->normalize($record['context'] + $record['extra']);

        return $this->toJson($line, true)."\n";
    }

    /** The cause of a failure and where it came from; arguments stay out, they can hold passwords. */
    protected function normalizeException(Throwable $e, int $depth = 0): array
    {
        $data = ['class' => $e::class, 'message' => $e->getMessage(), 'at' => $e->getFile().':'.$e->getLine(), 'trace' => []];
        foreach (array_slice($e->getTrace(), 0, self::TRACE) as $frame) {
            if (isset($frame['file'])) {
                $data['trace'][] = $frame['file'].':'.$frame['line'];
            }
        }
        if ($e->getPrevious() !== null && $depth < 3) {
            $data['previous'] = $this->normalizeException($e->getPrevious(), $depth + 1);
        }

        return $data;
    }
}
