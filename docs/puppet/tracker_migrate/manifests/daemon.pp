# @summary Runs `tracker-migrate sync` for one workspace, as a user of its own, under systemd.
#
# The title names the service, and, unless it is said otherwise, the user and the workspace.
#
# @param settings
#   A folder that holds what people decide, best kept in version control: migration.toml, mappings/.
# @param workspace
#   Where the workspace is.
# @param user
#   Who owns it.
# @param logins
#   The logins by name: `new-token` of the target `new`, `launchpad` (consumer, token, secret).
#   What is missing here has to be in the workspace: `tracker-migrate login`.
# @param ensure
#   Whether it shall run.
define tracker_migrate::daemon (
  String[1] $settings,
  String[1] $workspace = "/var/lib/${title}",
  String[1] $user = $title,
  Hash[Pattern[/\A[a-z0-9_-]+\z/], Sensitive[String[1]]] $logins = {},
  Enum['running', 'stopped'] $ensure = 'running',
) {
  include tracker_migrate

  $unit = "/etc/systemd/system/${title}.service"
  $export = "runuser --user ${user} -- ${tracker_migrate::program} export unit -C ${workspace}"

  user { $user:
    ensure     => 'present',
    system     => true,
    home       => $workspace,
    shell      => '/usr/sbin/nologin',
    managehome => false,
  }

  # all that is in the workspace is its owner's alone
  file {
    default:
      owner => $user,
      group => $user,
      ;
    $workspace:
      ensure => 'directory',
      mode   => '0700',
      ;
    "${workspace}/migration.toml":
      source => "${settings}/migration.toml",
      mode   => '0600',
      notify => Service[$title],
      ;
    "${workspace}/mappings":
      ensure  => 'directory',
      source  => "${settings}/mappings",
      recurse => 'remote',
      mode    => '0600',
      ;
  }

  $logins.each |String $name, Sensitive[String] $login| {
    file { "/etc/tracker-migrate/${title}-${name}":
      owner     => 'root',
      group     => 'root',
      mode      => '0600',
      content   => $login,
      show_diff => false,
      notify    => Service[$title],
    }
  }

  # a drop-in, for the unit itself names only what it finds, under names of its own
  $lent = $logins.keys.map |String $name| {
    "LoadCredential=tracker-migrate-${name}:/etc/tracker-migrate/${title}-${name}\n"
  }
  $drop_in = ['# kept by Puppet', '[Service]', 'LoadCredential=', $lent.join].join("\n")
  file {
    default:
      notify => Exec["${title}: units"],
      ;
    "${unit}.d":
      ensure => $logins.empty ? { true => 'absent', default => 'directory' },
      force  => true,
      ;
    "${unit}.d/logins.conf":
      ensure  => $logins.empty ? { true => 'absent', default => 'file' },
      content => $drop_in,
      ;
  }

  # the unit is the program's own: it knows what this workspace reads and writes
  exec { "${title}: unit":
    command  => "${export} > ${unit}.new && mv ${unit}.new ${unit}",
    unless   => "${export} | cmp --silent - ${unit}",
    provider => 'shell',
    path     => ['/usr/bin', '/bin', '/usr/sbin', '/sbin'],
    require  => [
      Exec['tracker-migrate: program'],
      File["${workspace}/migration.toml", "${workspace}/mappings"],
    ],
    notify   => Exec["${title}: units"],
  }

  exec { "${title}: units":
    command     => 'systemctl daemon-reload',
    onlyif      => 'test -d /run/systemd/system',
    refreshonly => true,
    provider    => 'shell',
    path        => ['/usr/bin', '/bin'],
    notify      => Service[$title],
  }

  service { $title:
    ensure => $ensure,
    enable => $ensure == 'running',
  }
}
