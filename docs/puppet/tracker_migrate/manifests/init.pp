# @summary Installs tracker-migrate into a virtual environment of its own.
#
# @param source
#   What pip installs: a wheel's path with its extras, or a requirement.
# @param version
#   The version that `source` is. Where another one is installed, it is replaced.
# @param folder
#   Where the virtual environment is.
# @param manage_python
#   Whether the system's package for virtual environments is installed, too.
class tracker_migrate (
  String[1] $source,
  String[1] $version,
  String[1] $folder = '/opt/tracker-migrate',
  Boolean $manage_python = true,
) {
  $program = "${folder}/bin/tracker-migrate"

  if $manage_python {
    package { 'python3-venv':
      ensure => 'installed',
      before => Exec['tracker-migrate: environment'],
    }
  }

  exec { 'tracker-migrate: environment':
    command  => "/usr/bin/python3 -m venv ${folder}",
    creates  => "${folder}/bin/python3",
    provider => 'shell',
  }

  exec { 'tracker-migrate: program':
    command  => "${folder}/bin/python3 -m pip install --quiet '${source}'",
    unless   => "${program} --version | grep --quiet --word-regexp --fixed-strings '${version}'",
    timeout  => 1800,
    provider => 'shell',
    require  => Exec['tracker-migrate: environment'],
  }

  # logins: root's, lent by systemd to the one service that they are for
  file { '/etc/tracker-migrate':
    ensure => 'directory',
    owner  => 'root',
    group  => 'root',
    mode   => '0700',
  }
}
