<?php

/* One server, named by the environment; who logs in says so in the form. */

declare(strict_types=1);

// 32 bytes that encrypt the cookie; the entrypoint makes them where the environment has none.
$cfg['blowfish_secret'] = (string) getenv('PMA_BLOWFISH_SECRET');
$cfg['TempDir'] = '/tmp';
$cfg['UploadDir'] = '';
$cfg['SaveDir'] = '';
$cfg['VersionCheck'] = false;
$cfg['SendErrorReports'] = 'never';
$cfg['PmaNoRelation_DisableWarning'] = true;
if (getenv('PMA_ABSOLUTE_URI') !== false) {
    $cfg['PmaAbsoluteUri'] = getenv('PMA_ABSOLUTE_URI');
}

$cfg['Servers'][1] = [
    'host' => (string) getenv('PMA_HOST'),
    'port' => (string) getenv('PMA_PORT'),
    'auth_type' => 'cookie',
    'compress' => false,
    'AllowNoPassword' => false,
];
